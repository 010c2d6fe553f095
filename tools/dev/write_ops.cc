// Prints docs/ops.md.
#include <cstdio>

#include "ir/graph/page.h"

int main() { std::fputs(sinter::ir::operations_markdown().c_str(), stdout); }
