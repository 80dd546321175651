"""Links: the network between the nodes of a LinkedCluster, which a test cuts, heals and slows.

In front of each node's peer port stands a proxy whose address the node advertises, so whoever is
told about the node dials the proxy. A proxy learns from the kernel which node dialled it: bytes from
node a to node b pass the wire (a, b), whichever of the two dialled. All wires from and to a node
cut is a node off the network; one wire cut is a link that carries one way only.

A cut wire is silent, as a real one: nothing passes, the end of a connection included; nobody is
told; what was on its way stays there until the wire is healed. A broken one resets connections
and takes none: both ends notice at once.

One thread carries everything; all methods are called from other threads.
"""

import asyncio
import os
import socket
import struct
import threading
import time

import cluster
from node_process import NodeProcess

_CHUNK_BYTES = 4 << 10
# What may wait in one socket; the kernel's own limits are megabytes, whole seconds of a slow link.
_SOCKET_BYTES = 16 << 10
_SEGMENT_BYTES = 1400
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST = 1


class _Wire:
    """One direction between two nodes."""

    def __init__(self):
        self.open = asyncio.Event()
        self.open.set()
        self.bytes_per_s = None
        self._free_at = 0.0  # when the bytes before have left

    async def carry(self, size):
        """Returns when `size` more bytes have passed."""
        await self.open.wait()
        if self.bytes_per_s is not None:
            now = time.monotonic()
            self._free_at = max(now, self._free_at) + size / self.bytes_per_s
            await asyncio.sleep(self._free_at - now)
            await self.open.wait()


class Links:
    """All wires between `nodes`, a list that may grow; a node that left it is reached no more."""

    def __init__(self, nodes):
        self._nodes = nodes
        self._wires = {}
        self._broken = set()
        self._servers = []
        self._connections = []  # (names of both ends, their writers)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def front(self, name):
        """Starts the proxy of the node called `name`; returns its address."""
        async def listen():
            listener = _small_socket()  # what it accepts is small too
            listener.bind(("127.0.0.1", 0))
            self._servers.append(await asyncio.start_server(
                lambda reader, writer: self._serve(name, reader, writer), sock=listener, limit=_CHUNK_BYTES))
            return "127.0.0.1:%d" % listener.getsockname()[1]
        return self._call(listen())

    def cut(self, a, b):
        """No byte goes from node `a` to node `b` any more; neither is told."""
        async def close():
            self._wire(a.name, b.name).open.clear()
        self._call(close())

    def isolate(self, node):
        """Cuts all wires from and to `node`."""
        for other in self._others(node):
            self.cut(node, other)
            self.cut(other, node)

    def shatter(self, node):
        """Resets all connections from and to `node` and takes no new ones."""
        async def reset():
            for other in self._others(node):
                self._broken.add(frozenset([node.name, other.name]))
            for ends, writers in self._connections:
                if ends in self._broken:
                    for writer in writers:
                        writer.transport.abort()
        self._call(reset())

    def heal(self):
        """All wires carry everything again, at full speed."""
        async def restore():
            self._broken.clear()
            for wire in self._wires.values():
                wire.bytes_per_s = None
                wire.open.set()
        self._call(restore())

    def slow(self, bytes_per_s):
        """Every wire carries only so much."""
        async def throttle():
            for a in self._nodes:
                for b in self._others(a):
                    self._wire(a.name, b.name).bytes_per_s = bytes_per_s
        self._call(throttle())

    def close(self):
        async def end():
            for server in self._servers:
                server.close()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self._call(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def _others(self, node):
        return [other for other in self._nodes if other is not node]

    def _wire(self, a, b):
        return self._wires.setdefault((a, b), _Wire())

    async def _serve(self, name, reader, writer):
        """Carries one connection to the node called `name` until both sides have ended it."""
        dialler = self._dialler(writer)
        target = next((node for node in self._nodes if node.name == name), None)
        ends = frozenset([dialler, name])
        if dialler is None or target is None or ends in self._broken or "peer" not in target.addresses:
            writer.transport.abort()
            return
        host, port = target.addresses["peer"].rsplit(":", 1)
        connected = _small_socket()
        try:
            await self._loop.sock_connect(connected, (host, int(port)))
            node_reader, node_writer = await asyncio.open_connection(sock=connected, limit=_CHUNK_BYTES)
        except OSError:  # the node is down
            connected.close()
            await self._wire(name, dialler).carry(0)
            writer.transport.abort()
            return
        for each in (writer, node_writer):
            each.transport.set_write_buffer_limits(_CHUNK_BYTES)
        carriers = [asyncio.ensure_future(_carry(reader, node_writer, self._wire(dialler, name))),
                    asyncio.ensure_future(_carry(node_reader, writer, self._wire(name, dialler)))]
        connection = (ends, [writer, node_writer])
        self._connections.append(connection)
        await asyncio.wait(carriers)
        self._connections.remove(connection)

    def _dialler(self, writer):
        """Name of the node whose process holds the other end of an accepted connection, or None."""
        inode = _socket_inode(writer.get_extra_info("peername")[1], writer.get_extra_info("sockname")[1])
        for node in self._nodes:
            process = node.process
            if inode and process and _holds(process.pid, "socket:[%s]" % inode):
                return node.name
        return None


async def _carry(reader, writer, wire):
    """Carries one direction, its end at last."""
    try:
        while True:
            data = await _read(reader)
            await wire.carry(len(data))
            if not data:
                return
            writer.write(data)
            await writer.drain()
    except OSError:  # the receiver is gone, which it tells the sender by its own direction
        pass
    finally:
        writer.close()


async def _read(reader):
    try:
        return await reader.read(_CHUNK_BYTES)
    except OSError:  # a reset ends the direction
        return b""


def _small_socket():
    """A socket with the segments of Ethernet: those of loopback do not fit into a small buffer."""
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BYTES)
    small.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BYTES)
    small.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT_BYTES)
    small.setblocking(False)
    return small


def _socket_inode(local_port, remote_port):
    """The inode of the socket of this host that is connected so over loopback, or None."""
    # sock_diag(7): one look into the kernel's hash table, which takes /proc/net/tcp milliseconds to list.
    loopback = socket.inet_aton("127.0.0.1") + bytes(12)
    request = (struct.pack("=BBBxI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0xffffffff) +
               struct.pack("!HH", local_port, remote_port) + loopback + loopback +
               struct.pack("=III", 0, 0xffffffff, 0xffffffff))
    header = struct.pack("=IHHII", 16 + len(request), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as kernel:
        kernel.send(header + request)
        answer = kernel.recv(4096)
    if struct.unpack_from("=H", answer, 4)[0] != _SOCK_DIAG_BY_FAMILY:  # an error: no such socket
        return None
    return struct.unpack_from("=I", answer, 16 + 68)[0]


def _holds(pid, link):
    folder = "/proc/%d/fd" % pid
    try:
        descriptors = os.listdir(folder)
    except OSError:  # it has ended
        return False
    for descriptor in descriptors:
        try:
            if os.readlink(os.path.join(folder, descriptor)) == link:
                return True
        except OSError:
            continue
    return False


class LinkedCluster(cluster.Cluster):
    """A cluster whose nodes reach each other through `links` only."""

    def __init__(self, folder, flags=()):
        super().__init__(folder, flags)
        self.links = Links(self.nodes)
        self._fronts = {}

    def add(self, name=None):
        name = name or "node%d" % (len(self.nodes) + 1)
        seeds = self.peers()
        self._fronts[name] = self.links.front(name)
        node = NodeProcess(self.folder, name, seeds, [*self.flags, "--peer-advertise", self._fronts[name]])
        self.nodes.append(node)
        self.prepare(node)
        return node.start()

    def peers(self, but=None):
        return [self._fronts[node.name] for node in self.nodes if node is not but]

    def close(self):
        super().close()
        self.links.close()


class LinkedClusterTest(cluster.ClusterTest):
    """A ClusterTest on a network of its own."""

    cluster_type = LinkedCluster
