"""C++ from .proto files, with Debian's protoc and gRPC plugin."""

def _generate(name, proto, deps_protos, outs, plugin, import_root):
    native.genrule(
        name = name,
        srcs = [proto] + deps_protos,
        outs = outs,
        cmd = "protoc -I%s %s=$(GENDIR)/%s $(location %s)" % (
            import_root or ".",
            "--plugin=protoc-gen-grpc=$$(command -v grpc_cpp_plugin) --grpc_out" if plugin else "--cpp_out",
            import_root,
            proto,
        ),
        visibility = ["//visibility:private"],
    )

def cc_proto(name, proto, deps = [], deps_protos = [], visibility = None, import_root = "proto"):
    """Messages of one .proto file: library `name`, header `<proto without suffix>.pb.h`.

    `import_root`: the directory that the file's imports, and its header's name, are relative to.
    """
    base = proto[:-len(".proto")]
    outs = [base + ".pb.cc", base + ".pb.h"]
    _generate(name + "_generated", proto, deps_protos, outs, False, import_root)
    native.cc_library(
        name = name,
        srcs = [base + ".pb.cc"],
        hdrs = [base + ".pb.h"],
        copts = ["-w"],
        strip_include_prefix = "/" + import_root,
        visibility = visibility,
        deps = deps + ["@debian//:protobuf"],
    )

def cc_grpc(name, proto, deps, deps_protos = [], visibility = None, import_root = "proto"):
    """gRPC stubs of one .proto file; `deps` begin with its messages' library."""
    base = proto[:-len(".proto")]
    outs = [base + ".grpc.pb.cc", base + ".grpc.pb.h"]
    _generate(name + "_generated", proto, deps_protos, outs, True, import_root)
    native.cc_library(
        name = name,
        srcs = [base + ".grpc.pb.cc"],
        hdrs = [base + ".grpc.pb.h"],
        copts = ["-w"],
        strip_include_prefix = "/" + import_root,
        visibility = visibility,
        deps = deps + ["@debian//:grpc"],
    )
