#include "tests/cuda_sim/module.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "support/error.h"

namespace sinter::cuda_sim {
namespace {

const void* symbol(void* handle, const char* name) {
  const void* found = dlsym(handle, name);
  invariant(found != nullptr, name);
  return found;
}

}  // namespace

Module::Module(std::span<const char> image) {
  file_ = memfd_create("sinter_sim", 0);
  invariant(file_ >= 0, "a file in memory can be made");
  for (size_t done = 0; done < image.size();) {
    const ssize_t wrote = write(file_, image.data() + done, image.size() - done);
    invariant(wrote > 0, "a file in memory can be written");
    done += static_cast<size_t>(wrote);
  }
  path_ = fmt::format("/proc/{}/fd/{}", getpid(), file_);
  handle_ = dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle_ == nullptr) throw CompileError(dlerror());
  shared_ = static_cast<std::byte*>(const_cast<void*>(symbol(handle_, "sinter_shared")));
  flushes_denormals_ = *static_cast<const int*>(symbol(handle_, "sinter_sim_flush_denormals")) != 0;
  text_ = static_cast<const char*>(symbol(handle_, "sinter_sim_text"));

  link_map* map = nullptr;
  invariant(dlinfo(handle_, RTLD_DI_LINKMAP, &map) == 0, "the loader knows what it loaded");
  base_ = reinterpret_cast<const std::byte*>(map->l_addr);
  const auto* header = reinterpret_cast<const ElfW(Ehdr)*>(base_);
  const auto* segments = reinterpret_cast<const ElfW(Phdr)*>(base_ + header->e_phoff);
  for (int i = 0; i < header->e_phnum; ++i)
    if (segments[i].p_type == PT_LOAD && (segments[i].p_flags & PF_W) == 0) {
      const std::byte* begin = base_ + segments[i].p_vaddr;
      constants_.push_back({begin, begin + segments[i].p_memsz});
    }
}

Module::~Module() {
  if (handle_ != nullptr) dlclose(handle_);
  if (file_ >= 0) close(file_);
}

const SimKernel* Module::find(const std::string& name) const {
  return static_cast<const SimKernel*>(dlsym(handle_, ("sinter_sim_kernel_" + name).c_str()));
}

void Module::bind(const SimHooks& hooks) const {
  reinterpret_cast<void (*)(const SimHooks*)>(const_cast<void*>(symbol(handle_, "sinter_sim_bind")))(&hooks);
}

bool Module::is_constant(const void* at, size_t bytes) const {
  const auto* begin = static_cast<const std::byte*>(at);
  for (const Range& range : constants_)
    if (begin >= range.begin && begin + bytes <= range.end) return true;
  return false;
}

uint32_t Module::offset_of(const void* code) const {
  return static_cast<uint32_t>(static_cast<const std::byte*>(code) - base_);
}

std::string Module::place_of(uint32_t offset) const {
  // The call before the return address; inlined functions are listed from the inside out.
  const std::string command = fmt::format("addr2line -i -e {} {:#x} 2>/dev/null", path_, offset - 1);
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "line unknown";
  std::string places;
  char line[512];
  while (std::fgets(line, sizeof line, pipe) != nullptr) {
    const std::string_view place(line);
    const size_t colon = place.find("kernel.cu:");
    if (colon == std::string_view::npos) continue;
    if (!places.empty()) places += ", called in ";
    places += place_of_line(std::atoi(line + colon + std::string_view("kernel.cu:").size()));
  }
  pclose(pipe);
  return places.empty() ? "line unknown" : places;
}

std::string Module::place_of_line(int line) const {
  std::string_view rest = text_;
  for (int i = 1; i < line; ++i) {
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) return fmt::format("line {}", line);
    rest.remove_prefix(end + 1);
  }
  std::string_view code = rest.substr(0, rest.find('\n'));
  code.remove_prefix(std::min(code.find_first_not_of(' '), code.size()));
  return fmt::format("line {}: {}", line, code);
}

}  // namespace sinter::cuda_sim
