"""C++ from .proto files, with Debian's protoc and gRPC plugin."""

def _generate(name, proto, deps_protos, outs, plugin):
    native.genrule(
        name = name,
        srcs = [proto] + deps_protos,
        outs = outs,
        cmd = "protoc -Iproto %s $(location %s)" % (
            "--plugin=protoc-gen-grpc=$$(command -v grpc_cpp_plugin) --grpc_out=$(GENDIR)/proto" if plugin else "--cpp_out=$(GENDIR)/proto",
            proto,
        ),
        visibility = ["//visibility:private"],
    )

def cc_proto(name, proto, deps = [], deps_protos = [], visibility = None):
    """Messages of one .proto file: library `name`, header `<proto without suffix>.pb.h`."""
    base = proto[:-len(".proto")]
    outs = [base + ".pb.cc", base + ".pb.h"]
    _generate(name + "_generated", proto, deps_protos, outs, False)
    native.cc_library(
        name = name,
        srcs = [base + ".pb.cc"],
        hdrs = [base + ".pb.h"],
        copts = ["-w"],
        strip_include_prefix = "/proto",
        visibility = visibility,
        deps = deps + ["@debian//:protobuf"],
    )

def cc_grpc(name, proto, deps, deps_protos = [], visibility = None):
    """gRPC stubs of one .proto file; `deps` begin with its messages' library."""
    base = proto[:-len(".proto")]
    outs = [base + ".grpc.pb.cc", base + ".grpc.pb.h"]
    _generate(name + "_generated", proto, deps_protos, outs, True)
    native.cc_library(
        name = name,
        srcs = [base + ".grpc.pb.cc"],
        hdrs = [base + ".grpc.pb.h"],
        copts = ["-w"],
        strip_include_prefix = "/proto",
        visibility = visibility,
        deps = deps + ["@debian//:grpc"],
    )
