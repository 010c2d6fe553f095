# Prints a part of a program on a page: part=cpp its source, the ```cpp block whose first line is "// PROGRAM.cc"; part=text
# what it prints, the ```text block after it. part=list: the names of all ```cpp blocks' programs.

/^```/ {
  inside = inside == "" ? substr($0, 4) : ""
  first = 1
  next
}
inside == "cpp" && first {
  current = $2
  sub(/\.cc$/, "", current)
  if (part == "list") print current
}
inside != "" { first = 0 }
inside == part && current == program { print }
