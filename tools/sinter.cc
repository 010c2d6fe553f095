// The `sinter` command. What a subcommand throws becomes a message on stderr and exit status 1; wrong usage exits
// with 2.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

#include "support/error.h"
#include "tools/commands.h"

namespace {

constexpr int kUsage = 2;

bool is_command(const CLI::App& app, const std::string& name) {
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  return std::any_of(commands.begin(), commands.end(),
                     [&](const CLI::App* command) { return command->get_name() == name; });
}

int run(int argc, char** argv) {
  CLI::App app("Sinter, a compiler for tensor programs.", "sinter");
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::simple);
  sinter::tools::add_opt(app);
  sinter::tools::add_doctor(app);
  sinter::tools::add_contrast(app);
  if (argc > 1 && argv[1][0] != '-' && !is_command(app, argv[1])) {
    fmt::print(stderr, "sinter has no command '{}'\nRun with --help for more information.\n", argv[1]);
    return kUsage;
  }
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const sinter::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "out of memory\n");
    return 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "internal error: {}\n", error.what());
    return 1;
  }
}
