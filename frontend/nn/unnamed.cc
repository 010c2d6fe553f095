#include "frontend/nn/unnamed.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>

#include "frontend/handles.h"

namespace sinter::nn::detail {
namespace {

using Place = std::span<const std::byte>;
using Address = uintptr_t;

Address address_of(const void* pointer) { return reinterpret_cast<Address>(pointer); }
Address begin_of(Place place) { return address_of(place.data()); }
Address end_of(Place place) { return begin_of(place) + place.size(); }
bool contains(Place place, Address address) { return begin_of(place) <= address && address < end_of(place); }

struct Modules {
  std::mutex mutex;
  std::set<Address> alive;
};
Modules& modules() {
  static auto& all = *new Modules;  // outlives whatever is static
  return all;
}

// The first module at or behind an address and before another; null if there is none.
const Module* module_between(Address from, Address to) {
  const std::lock_guard lock(modules().mutex);
  const auto found = modules().alive.lower_bound(from);
  return found != modules().alive.end() && *found < to ? reinterpret_cast<const Module*>(*found) : nullptr;
}

bool is_module(Address address) { return module_between(address, address + 1) != nullptr; }

// The elements' first, if these three words are those of a std::vector of modules.
const Module* vector_of_modules(const Address (&words)[3]) {
  const auto [begin, end, capacity] = words;
  if (begin >= end || end > capacity || !is_module(begin)) return nullptr;
  const auto* first = reinterpret_cast<const Module*>(begin);
  const size_t size = first->extent().bytes.size();
  if (size == 0 || (end - begin) % size != 0) return nullptr;
  for (Address at = begin; at < end; at += size)
    if (!is_module(at)) return nullptr;
  return first;
}

std::string described(const Module& module) {
  return module.members().empty() || !module.extra_repr().empty() ? module.to_string()
                                                                  : std::string(module.type_name());
}

std::string kind_of(sinter::detail::Cell& cell) {
  const auto value = sinter::detail::current_value(cell);
  return fmt::format("{} {}{}", cell.requires_grad ? "parameter" : "buffer", torch_name(value->dtype),
                     to_string(value->shape));
}

// Where an address lies among the named members.
std::string position_of(Address address, std::span<const Member> members) {
  const Member *before = nullptr, *behind = nullptr;
  for (const Member& member : members) {
    const Address at = begin_of(member.place);
    if (member.place.empty()) continue;
    if (at < address && (before == nullptr || at > begin_of(before->place))) before = &member;
    if (at > address && (behind == nullptr || at < begin_of(behind->place))) behind = &member;
  }
  if (before != nullptr && behind != nullptr) return fmt::format(", between {} and {},", before->name, behind->name);
  if (before != nullptr) return fmt::format(", behind {},", before->name);
  if (behind != nullptr) return fmt::format(", before {},", behind->name);
  return "";
}

// The first member that is not named, in words, and where it lies.
struct Unnamed {
  std::string what;
  Address address;
};
std::optional<Unnamed> unnamed_member(const Module& module, Place all, std::span<const Member> members,
                                      const std::set<const sinter::detail::Cell*>& named) {
  std::vector<Place> known{std::as_bytes(std::span(&module, 1))};
  for (const Member& member : members) known.push_back(member.place);
  // The end of what is known at this address; 0 where nothing is.
  const auto known_until = [&](Address address) {
    const auto found = std::ranges::find_if(known, [&](Place place) { return contains(place, address); });
    return found == known.end() ? 0 : end_of(*found);
  };
  for (Address at = begin_of(all); at < end_of(all);) {
    const Module* part = module_between(at, end_of(all));
    if (part == nullptr) break;
    const Address found = address_of(part), until = known_until(found);
    if (until == 0) return Unnamed{"a " + described(*part), found};
    at = until;
  }
  constexpr Address kWord = sizeof(Address);
  for (Address at = (begin_of(all) + kWord - 1) / kWord * kWord; at + kWord <= end_of(all); at += kWord) {
    if (known_until(at) != 0) continue;
    Address words[3] = {};
    std::memcpy(words, reinterpret_cast<const void*>(at), std::min<size_t>(sizeof(words), end_of(all) - at));
    if (const auto cell = sinter::detail::cell_of_handle(reinterpret_cast<const void*>(words[0])))
      if (!named.contains(cell.get()) && !cell->roams) return Unnamed{"a " + kind_of(*cell), at};
    if (const Module* first = vector_of_modules(words)) return Unnamed{"a std::vector of " + described(*first), at};
  }
  return std::nullopt;
}

// The class's name, without what it stands in.
std::string readable(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> full(abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                         &std::free);
  const std::string name = status == 0 ? full.get() : type.name();
  const size_t scope = name.rfind("::", name.find('<'));
  return scope == std::string::npos ? name : name.substr(scope + 2);
}

}  // namespace

void module_begins(const Module& module) {
  const std::lock_guard lock(modules().mutex);
  modules().alive.insert(address_of(&module));
}
void module_ends(const Module& module) {
  const std::lock_guard lock(modules().mutex);
  modules().alive.erase(address_of(&module));
}

void require_named_members(const char* what, const Module& module, std::span<const Member> members,
                           const std::set<const sinter::detail::Cell*>& named) {
  const Extent extent = module.extent();
  if (extent.type != nullptr && typeid(module) != *extent.type) {
    const std::string type = readable(typeid(module));
    throw ValueError(fmt::format("{}: {} derives from {} and has no SINTER_MODULE of its own, which would name what it "
                                 "adds",
                                 what, type, module.type_name()),
                     fmt::format("write SINTER_MODULE({}, ...) in it, with the members that {} names as well", type,
                                 module.type_name()));
  }
  if (const auto unnamed = unnamed_member(module, extent.bytes, members, named))
    throw ValueError(
        fmt::format("{}: {} has {}{} that SINTER_MODULE does not list", what, module.type_name(), unnamed->what,
                    position_of(unnamed->address, members)),
        fmt::format("add it to SINTER_MODULE({}, ...), or nn::unlisted(member) if it is to be left out of training, "
                    "saving and moving",
                    module.type_name()));
}

}  // namespace sinter::nn::detail
