// The `sinter` command. What a subcommand throws becomes a message on stderr and exit status 1; wrong usage exits
// with 2.
#include <fmt/core.h>

#include <cstdio>

#include "support/error.h"
#include "tools/commands.h"

int main(int argc, char** argv) {
  CLI::App app("Sinter, a compiler for tensor programs.", "sinter");
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::simple);
  sinter::tools::add_opt(app);
  sinter::tools::add_doctor(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const sinter::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "out of memory\n");
    return 1;
  }
  return 0;
}
