# What the pages show, each ```cpp block being a whole program. part=program: one C++ file of all, each in a namespace of its
# own, which runs the one whose number is its argument. part=list: their numbers, pages and names. part=text: what program
# `number` prints, the ```text block right after it, if there is one. part=stray: lines of C++ outside of such blocks.

FNR == 1 {
  inside = ""
  current = 0
}
/^```/ {
  inside = inside == "" ? substr($0, 4) : ""
  first = 1
  if (inside == "cpp") {
    current = ++programs
    page[current] = FILENAME
    sub(/.*\//, "", page[current])
    name[current] = page[current]
    sub(/\.md$/, ".cc", name[current])
  } else if (inside != "" && inside != "text") {
    current = 0
  }
  next
}
# A program is its first line's comment, or its page; its lines are counted as on the page, from 1.
inside == "cpp" {
  if (first) {
    if ($1 == "//") name[current] = $2
    lines[current] = sprintf("#line 1 \"%s\"\n", name[current])
  }
  first = 0
  if (/^#include/) {
    if (!($0 in included)) includes = includes $0 "\n"
    included[$0] = 1
    lines[current] = lines[current] "\n"
    next
  }
  if (/^int main\(\)/) in_main = 1
  if (in_main && /^}/) {  # only the real one may end without
    sub(/^}/, "return 0; }")
    in_main = 0
  }
  lines[current] = lines[current] $0 "\n"
}
inside == "text" && current > 0 { printed[current] = printed[current] $0 "\n" }
inside == "" && NF > 0 { current = 0 }
inside == "" && part == "stray" && /^    .*;( *\/\/.*)?$/ { print FILENAME ":" FNR ": " $0 }

END {
  if (part == "list")
    for (i = 1; i <= programs; ++i) print i, page[i], name[i], i in printed ? "prints" : "runs"
  if (part == "text") printf "%s", printed[number]
  if (part != "program") exit
  printf "%s#include <cstdlib>\n", includes
  for (i = 1; i <= programs; ++i) printf "namespace program_%d {\n%s}\n", i, lines[i]
  print "int main(int, char** words) {\n  switch (std::atoi(words[1])) {"
  for (i = 1; i <= programs; ++i) printf "    case %d: return program_%d::main();\n", i, i
  print "  }\n  return 1;\n}"
}
