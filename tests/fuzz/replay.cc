// Drives a fuzz target without libFuzzer: the files it is called with, and pseudo-random inputs of
// a fixed seed, short ones and ones made of few different bytes more often, because those reach
// deeper into parsers.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr int kInputs = 5000;
constexpr size_t kBytesMax = 512;
constexpr uint32_t kSeed = 20240229;

std::vector<uint8_t> RandomInput(std::mt19937* random) {
  const size_t size = (*random)() % (((*random)() % 4 == 0 ? kBytesMax : 32) + 1);
  const bool few = (*random)() % 2 == 0;
  std::vector<uint8_t> input(size);
  for (uint8_t& byte : input) {
    byte = static_cast<uint8_t>(few ? (*random)() % 8 : (*random)());
  }
  return input;
}

// Exits when there is no such file: a kept input that is not replayed protects nothing.
std::vector<uint8_t> ReadInput(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path);
    std::exit(1);
  }
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::vector<uint8_t> input = ReadInput(argv[i]);
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::mt19937 random(kSeed);
  for (int i = 0; i < kInputs; ++i) {
    const std::vector<uint8_t> input = RandomInput(&random);
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%d kept inputs, %d random ones\n", argc - 1, kInputs);
  return 0;
}
