"""What a program outside Bazel links to use libraries: one linker argument per line."""

def _link_line(ctx):
    archives, flags = [], []
    all = cc_common.merge_cc_infos(cc_infos = [library[CcInfo] for library in ctx.attr.libraries])
    for linker_input in all.linking_context.linker_inputs.to_list():
        for library in linker_input.libraries:
            archive = library.pic_static_library or library.static_library
            whole = library.alwayslink
            archives.append(archive)
            flags += (["-Wl,--whole-archive"] if whole else []) + [archive.path] + (["-Wl,--no-whole-archive"] if whole else [])
        flags += linker_input.user_link_flags
    out = ctx.actions.declare_file(ctx.attr.out)
    ctx.actions.write(out, "\n".join(flags) + "\n")

    # The archives and headers are outputs too, so that building this target brings them up to date.
    files = depset([out] + archives, transitive = [all.compilation_context.headers])
    return [DefaultInfo(files = files, runfiles = ctx.runfiles(transitive_files = files))]

link_line = rule(
    implementation = _link_line,
    attrs = {"libraries": attr.label_list(providers = [CcInfo]), "out": attr.string()},
)
