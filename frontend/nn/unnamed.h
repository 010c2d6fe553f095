// Members that a module has and does not name: modules and cells are found by where they lie.
#pragma once

#include <set>
#include <span>
#include <string>

#include "frontend/cell.h"
#include "frontend/nn/module.h"

namespace sinter::nn::detail {

// Every module is known from its construction to its end.
void module_begins(const Module& module);
void module_ends(const Module& module);

// ValueError, in the name of `what`, if the module has a member that is a module, a vector of modules or a cell, and it
// is neither one of `members` nor, a cell, one of `named`; or if its class has no SINTER_MODULE of its own. What lies
// behind other pointers is not seen, and what an optimiser remembers is no part of a module.
void require_named_members(const char* what, const Module& module, std::span<const Member> members,
                           const std::set<const sinter::detail::Cell*>& named);

}  // namespace sinter::nn::detail
