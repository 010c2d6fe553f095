// The subcommands of `sinter`, one file each. Each function declares its command, with what to do when it is given.
#pragma once

#include <CLI/CLI.hpp>

namespace sinter::tools {

void add_opt(CLI::App& sinter);
void add_doctor(CLI::App& sinter);
void add_contrast(CLI::App& sinter);

}  // namespace sinter::tools
