"""The headers that a user of a library includes, directly or not: for tests that call a compiler themselves."""

def _headers(ctx):
    all = ctx.attr.library[CcInfo].compilation_context.headers
    return [DefaultInfo(files = all, runfiles = ctx.runfiles(transitive_files = all))]

headers = rule(
    implementation = _headers,
    attrs = {"library": attr.label(providers = [CcInfo])},
)
