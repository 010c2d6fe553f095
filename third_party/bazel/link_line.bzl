"""What a program outside Bazel links to use a library: one linker argument per line."""

def _link_line(ctx):
    archives, flags = [], []
    for linker_input in ctx.attr.library[CcInfo].linking_context.linker_inputs.to_list():
        for library in linker_input.libraries:
            archive = library.pic_static_library or library.static_library
            whole = library.alwayslink
            archives.append(archive)
            flags += (["-Wl,--whole-archive"] if whole else []) + [archive.path] + (["-Wl,--no-whole-archive"] if whole else [])
        flags += linker_input.user_link_flags
    out = ctx.actions.declare_file(ctx.attr.out)
    ctx.actions.write(out, "\n".join(flags) + "\n")

    # The archives are outputs too, so that building this target brings them up to date.
    return [DefaultInfo(files = depset([out] + archives))]

link_line = rule(
    implementation = _link_line,
    attrs = {"library": attr.label(providers = [CcInfo]), "out": attr.string()},
)
