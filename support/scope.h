// What a program is at work on: the path of a module and the composite inside it, "encoder.fc1/softmax". Graph
// operations and errors carry it.
#pragma once

#include <string>
#include <string_view>

namespace sinter {

// The names of the open scopes of this thread, joined by '/'.
[[nodiscard]] const std::string& current_scope();

// Adds a name while it lives; an empty name adds nothing.
class NameScope {
 public:
  explicit NameScope(std::string_view name);
  ~NameScope();
  NameScope(const NameScope&) = delete;
  NameScope& operator=(const NameScope&) = delete;

 private:
  size_t outer_;
};

// What is made while it lives checks the values of one argument of the function that the scope outside is named after.
class ArgumentScope : public NameScope {
 public:
  explicit ArgumentScope(int position);
};
// "cross_entropy: argument 2" when the path ends in an argument's scope, else "".
[[nodiscard]] std::string checked_argument(std::string_view scope);

}  // namespace sinter
