// Safetensors files: round trips, every kind of damage named, no mutation crashes the reader.
#include "runtime/safetensors.h"

#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <random>
#include <thread>

#include "support/error.h"
#include "tests/runtime/child.h"
#include "tests/runtime/mutate.h"
#include "tests/runtime/scratch.h"

namespace sinter::runtime {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

template <class T>
NamedArray array(const std::string& name, std::vector<int64_t> shape, const std::vector<T>& values) {
  return {.name = name, .dtype = dtype_of<T>, .shape = std::move(shape), .data = std::as_bytes(std::span(values))};
}
template <class T>
std::vector<T> values_of(const NamedArray& from) {
  std::vector<T> values(from.data.size() / sizeof(T));
  std::memcpy(values.data(), from.data.data(), from.data.size());
  return values;
}
void put(const fs::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
}
void put(const fs::path& path, const std::vector<std::byte>& bytes) {
  put(path, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}
std::string raw(const std::string& header, size_t data_bytes) {
  std::string file(8, '\0');
  for (size_t i = 0; i < 8; ++i) file[i] = static_cast<char>(header.size() >> (8 * i) & 0xff);
  return file + header + std::string(data_bytes, '\1');
}
template <class Error, class F>
std::string problem(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

const std::vector<float> kWeights = {1, -2.5f, 3e-40f, 4, 5, 6};
const std::vector<double> kDoubles = {1e300, -0.0};
const std::vector<int64_t> kSteps = {INT64_MIN};
const std::vector<char> kFlags = {1, 0, 1};

std::vector<NamedArray> sample() {
  return {array<float>("z.weight", {2, 3}, kWeights),
          {.name = "flags", .dtype = kBool, .shape = {3}, .data = std::as_bytes(std::span(kFlags))},
          array<double>("a.double", {2}, kDoubles),
          array<int64_t>("step", {}, kSteps),
          {.name = "nothing \"\u00e9", .dtype = kFloat32, .shape = {0, 5}, .data = {}}};
}

TEST(Safetensors, RoundTrip) {
  Scratch scratch;
  const fs::path path = scratch / "x.safetensors";
  write_safetensors(path, sample(), {{"epoch", "3"}, {"note", "a \"quoted\" line\n"}});
  const SafetensorsFile file(path);
  EXPECT_TRUE(file.checked());
  EXPECT_THAT(file.metadata(), ElementsAre(testing::Pair("epoch", "3"), testing::Pair("note", "a \"quoted\" line\n")));
  ASSERT_EQ(file.arrays().size(), 5u);
  EXPECT_EQ(file.arrays()[0].name, "z.weight");
  EXPECT_EQ(file.arrays()[1].name, "flags");
  EXPECT_EQ(file.arrays()[0].shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(values_of<float>(file.arrays()[0]), kWeights);
  EXPECT_EQ(values_of<double>(*file.find("a.double")), kDoubles);
  EXPECT_EQ(values_of<int64_t>(*file.find("step")), kSteps);
  EXPECT_TRUE(file.find("step")->shape.empty());
  EXPECT_EQ(file.find("nothing \"\u00e9")->shape, (std::vector<int64_t>{0, 5}));
  EXPECT_EQ(file.find("other"), nullptr);
}

TEST(Safetensors, EqualArgumentsGiveEqualBytes) {
  Scratch scratch;
  write_safetensors(scratch / "a", sample(), {{"k", "v"}});
  write_safetensors(scratch / "b", sample(), {{"k", "v"}});
  EXPECT_EQ(read_file(scratch / "a"), read_file(scratch / "b"));
  write_safetensors(scratch / "empty", {});
  EXPECT_TRUE(SafetensorsFile(scratch / "empty").arrays().empty());
}

TEST(Safetensors, FilesOfOtherProgramsAreRead) {
  Scratch scratch;
  const fs::path path = scratch / "x";
  put(path,
      raw(R"({"b":{"shape":[2],"data_offsets":[4,12],"dtype":"F32"},"a":{"dtype":"BOOL","shape":[4],"data_offsets":[0,4]}}   )",
          12));
  const SafetensorsFile file(path);
  EXPECT_FALSE(file.checked());
  ASSERT_EQ(file.arrays().size(), 2u);
  EXPECT_EQ(file.arrays()[0].name, "a");
  EXPECT_EQ(file.arrays()[1].data.size(), 8u);
  put(path, raw("{}", 0));
  EXPECT_TRUE(SafetensorsFile(path).arrays().empty());
}

TEST(Safetensors, DamageIsNamed) {
  Scratch scratch;
  const fs::path path = scratch / "bad.safetensors";
  const auto said = [&](const std::string& content) {
    put(path, content);
    const std::string text = problem<FileError>([&] { SafetensorsFile file(path); });
    EXPECT_THAT(text, HasSubstr(path.native()));
    return text;
  };
  const auto header = [&](const std::string& text, size_t data = 8) { return said(raw(text, data)); };
  const auto one = [&](const std::string& fields) { return header(R"({"w":{)" + fields + "}}"); };

  EXPECT_THAT(said(""), HasSubstr("0 bytes"));
  EXPECT_THAT(said("1234567"), HasSubstr("7 bytes"));
  EXPECT_THAT(said(std::string(8, '\xff') + "{}"), HasSubstr("18446744073709551615 bytes"));
  EXPECT_THAT(said(std::string("\x20\0\0\0\0\0\0\0{}", 10)), HasSubstr("cut off: its header has 32 bytes, but 2"));
  EXPECT_THAT(header("[]"), HasSubstr("does not begin with {"));
  EXPECT_THAT(header("{\"w\":"), HasSubstr("not valid JSON at byte"));
  EXPECT_THAT(header("{\"\xff\":1}"), HasSubstr("not valid JSON"));
  EXPECT_THAT(header(R"({"w":[[[[1]]]]})"), HasSubstr("nested too deep"));
  EXPECT_THAT(header("{\"w\":" + std::string(1000000, '[')), HasSubstr("nested too deep"));
  EXPECT_THAT(header(R"({"w":1})"), HasSubstr("\"w\" must have exactly dtype, shape and data_offsets"));
  EXPECT_THAT(one(R"("dtype":"F32","shape":[2])"), HasSubstr("must have exactly"));
  EXPECT_THAT(one(R"("dtype":"F16","shape":[4],"data_offsets":[0,8])"),
              AllOf(HasSubstr("\"w\" has dtype \"F16\""), HasSubstr("expected F32, F64, I64 or BOOL")));
  EXPECT_THAT(one(R"("dtype":"F32","shape":2,"data_offsets":[0,8])"), HasSubstr("shape must be a list"));
  EXPECT_THAT(one(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])"), HasSubstr("shape must hold integers"));
  EXPECT_THAT(one(R"("dtype":"F32","shape":[2.0],"data_offsets":[0,8])"), HasSubstr("shape must hold integers"));
  EXPECT_THAT(one(R"("dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8])"),
              HasSubstr("shape must hold integers"));
  EXPECT_THAT(one(R"("dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8])"),
              HasSubstr("more than any file has"));
  EXPECT_THAT(one(R"("dtype":"F32","shape":[3],"data_offsets":[0,8])"),
              HasSubstr("has 8 bytes of data, expected 12 for f32[3]"));
  EXPECT_THAT(one(R"("dtype":"F32","shape":[2],"data_offsets":[0])"), HasSubstr("must be two numbers"));
  EXPECT_THAT(one(R"("dtype":"F32","shape":[2],"data_offsets":[4,12])"), HasSubstr("bytes 4 to 12 of 8"));
  EXPECT_THAT(one(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])"), HasSubstr("bytes 8 to 0 of 8"));
  EXPECT_THAT(one(R"("dtype":"F32","shape":[1],"data_offsets":[0,4])"),
              HasSubstr("bytes 4 to 8 of the data belong to no array"));
  EXPECT_THAT(one(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])"),
              HasSubstr("bytes 0 to 4 of the data belong to no array"));
  EXPECT_THAT(one(R"("dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8])"),
              HasSubstr("\"dtype\" occurs twice"));
  const std::string w = R"("w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  EXPECT_THAT(header("{" + w + "," + w + "}"), HasSubstr("\"w\" occurs twice"));
  EXPECT_THAT(header("{" + w + R"(,"v":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})"),
              HasSubstr("\"v\" overlaps another at byte 4"));
  EXPECT_THAT(header("{" + w + R"(,"__metadata__":[]})"), HasSubstr("__metadata__ must be an object"));
  EXPECT_THAT(header("{" + w + R"(,"__metadata__":{"k":1}})"), HasSubstr("entry \"k\" must be a string"));
  EXPECT_THAT(header("{" + w + R"(,"__metadata__":{"sinter.xxh3":"0"}})"), HasSubstr("checksum"));
  put(path, raw("{" + w + "}", 7));
  EXPECT_THAT(problem<FileError>([&] { SafetensorsFile file(path); }), HasSubstr("bytes 0 to 8 of 7"));
  put(path, raw(R"({"f":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}})", 0) + "\2");
  EXPECT_THAT(problem<FileError>([&] { SafetensorsFile file(path); }), HasSubstr("neither 0 nor 1"));
  EXPECT_THAT(problem<FileError>([&] { SafetensorsFile file(scratch / "none"); }), HasSubstr("No such file"));
}

TEST(Safetensors, EveryFlippedBitIsFound) {
  Scratch scratch;
  const fs::path path = scratch / "x";
  write_safetensors(path, sample(), {{"epoch", "3"}});
  const std::vector<std::byte> good = read_file(path);
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::vector<std::byte> bad = good;
    bad[bit / 8] ^= std::byte(1u << bit % 8);
    put(path, bad);
    ASSERT_THROW(SafetensorsFile{path}, FileError) << "bit " << bit;
  }
}

TEST(Safetensors, RandomDamageNeverCrashes) {
  Scratch scratch;
  const fs::path path = scratch / "x";
  std::mt19937 random(5);
  for (bool checked : {true, false}) {
    write_safetensors(path, sample(), {{"epoch", "3"}});
    std::vector<std::byte> good = read_file(path);
    if (!checked) {  // so that the damage gets past the checksum
      const std::string w = R"("w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"__metadata__":{"k":"v"})";
      const std::string file = raw("{" + w + R"(,"v":{"dtype":"BOOL","shape":[4],"data_offsets":[8,12]}})", 12);
      good.assign(reinterpret_cast<const std::byte*>(file.data()),
                  reinterpret_cast<const std::byte*>(file.data() + file.size()));
    }
    int refused = 0;
    for (int i = 0; i < 2000; ++i) {
      put(path, mutated(good, random));
      try {
        const SafetensorsFile file(path);
        unsigned sum = 0;  // touches every byte
        for (const NamedArray& one : file.arrays())
          for (std::byte b : one.data) sum += std::to_integer<unsigned>(b);
        EXPECT_LT(sum, 1u << 20);
      } catch (const FileError&) {
        ++refused;
      }
    }
    EXPECT_GT(refused, 1000);
  }
}

TEST(Safetensors, KilledWhileSavingLeavesAWholeFile) {
  Scratch scratch;
  const fs::path path = scratch / "checkpoint";
  const auto save = [&](int64_t step) {
    const std::vector<int64_t> steps(20000, step);
    const NamedArray one = array<int64_t>("steps", {20000}, steps);
    write_safetensors(path, std::span(&one, 1), {{"step", std::to_string(step)}});
  };
  save(0);
  std::mt19937 random(2);
  int64_t latest = 0;
  for (int round = 0; round < 20; ++round) {
    const pid_t writer = start_child([&] {
      for (int64_t step = latest + 1;; ++step) save(step);
      return 0;
    });
    std::this_thread::sleep_for(std::chrono::microseconds(500 + random() % 5000));
    kill(writer, SIGKILL);
    EXPECT_EQ(await_child(writer), -1);
    const SafetensorsFile file(path);
    ASSERT_TRUE(file.checked());
    const std::vector<int64_t> steps = values_of<int64_t>(*file.find("steps"));
    latest = steps.front();
    EXPECT_EQ(steps, std::vector<int64_t>(20000, latest));
    EXPECT_EQ(file.metadata().at("step"), std::to_string(latest));
  }
  EXPECT_GT(latest, 0);
}

TEST(Safetensors, WriterRefusesWhatCannotBeRead) {
  Scratch scratch;
  const fs::path path = scratch / "x";
  const auto said = [&](std::vector<NamedArray> arrays, const Metadata& metadata = {}) {
    const std::string text = problem<ValueError>([&] { write_safetensors(path, arrays, metadata); });
    EXPECT_FALSE(fs::exists(path));
    return text;
  };
  const NamedArray w = array<float>("w", {6}, kWeights);
  EXPECT_THAT(said({array<float>("w", {5}, kWeights)}),
              HasSubstr("\"w\" has 24 bytes of data, expected 20 for f32[5]"));
  EXPECT_THAT(said({array<float>("w", {-6}, kWeights)}), HasSubstr("fewer than 2^63"));
  EXPECT_THAT(said({w, w}), HasSubstr("two arrays are named \"w\""));
  EXPECT_THAT(said({array<float>("__metadata__", {6}, kWeights)}), HasSubstr("reserved"));
  EXPECT_THAT(said({array<float>("\xff", {6}, kWeights)}), HasSubstr("UTF-8"));
  EXPECT_THAT(said({{.name = "i", .dtype = kInt32, .shape = {0}}}),
              HasSubstr("dtype i32, expected F32, F64, I64 or BOOL"));
  EXPECT_THAT(said({w}, {{"sinter.xxh3", "1"}}), HasSubstr("reserved"));
}

}  // namespace
}  // namespace sinter::runtime
