# Reads Bazel's build events (JSON, one per line) and the test.xml of every test in them; shows the logs of tests that failed (on
# stderr) and prints "N passed, N failed" in test cases. status is Bazel's exit status: a run that failed without a failing case
# (it did not build, say) counts as one failure.

# The number that an XML element gives an attribute; 0 without it.
function attribute(element, name) {
  return match(element, " " name "=\"[0-9]+\"") ? substr(element, RSTART + length(name) + 3, RLENGTH - length(name) - 4) + 0 : 0
}

# The path of an output of the test that the event in $0 tells of.
function output(name, path) {
  if (!match($0, "\"name\":\"" name "\",\"uri\":\"file://[^\"]*\"")) return ""
  path = substr($0, RSTART, RLENGTH - 1)
  sub(/.*"file:\/\//, "", path)
  return path
}

/^\{"id":\{"testResult"/ {
  fine = /"status":"PASSED"/
  good = bad = 0
  xml = output("test.xml")
  while (xml != "" && (getline line < xml) > 0) {
    if (line !~ /<testsuite /) continue
    broken = attribute(line, "failures") + attribute(line, "errors")
    bad += broken
    good += attribute(line, "tests") - broken - attribute(line, "skipped") - attribute(line, "disabled")
  }
  close(xml)
  if (!fine && bad == 0) bad = 1  # it died after its last case, or before the first
  if (!fine) system("tail -n 300 '" output("test.log") "' >&2")
  passed += good
  failed += bad
}

END {
  if (status != 0 && failed == 0) failed = 1
  printf "%d passed, %d failed\n", passed, failed
  exit failed > 0
}
