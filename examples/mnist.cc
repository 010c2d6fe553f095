// Trains a network on handwritten digits: 784-128-64-10, ReLU, cross entropy, Adam. Static by default: the whole
// training step is one compiled function; --dynamic runs the same code operation by operation.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <exception>
#include <filesystem>

#include "sinter/sinter.h"
#include "support/plot.h"

using namespace sinter;

struct Net : nn::Module {
  nn::Linear fc1{784, 128}, fc2{128, 64}, fc3{64, 10};
  Tensor operator()(const Tensor& images) const {
    Tensor x = relu(fc1(flatten(images, 1)));
    x = relu(fc2(x));
    return fc3(x);
  }
  SINTER_MODULE(Net, fc1, fc2, fc3)
};

struct Flags {
  int64_t epochs = 5, batch_size = 64;
  uint64_t seed = 0;
  double lr = 1e-3;
  bool dynamic = false;
  std::string save, resume, plot, device;
  int threads = 0;
};

// Fraction of the samples whose largest logit is the label's.
template <class Count>
double accuracy(data::DataLoader& loader, Device device, const Count& count_correct) {
  int64_t correct = 0;
  for (auto [images, labels] : loader)
    correct += count_correct(images.to(device), labels.to(device)).template item<int64_t>();
  return static_cast<double>(correct) / static_cast<double>(loader.samples());
}

int run(const Flags& flags) {
  manual_seed(static_cast<int64_t>(flags.seed));
  const data::Digits digits = data::digits({.mean = 0.5, .std = 0.5});
  fmt::print("data: {} ({} training images, {} test images)\n", digits.source, digits.train.size(), digits.test.size());
  data::DataLoader train(digits.train, {.batch_size = flags.batch_size, .shuffle = true, .seed = flags.seed});
  data::DataLoader test(digits.test, {.batch_size = 1000});

  Net net;
  const Device device(flags.device.empty() ? net.fc1.weight.device() : Device(flags.device));
  net.to(device);
  optim::Adam adam(net.parameters(), {.lr = flags.lr});
  fmt::print("{}\n", net);

  const auto train_step = [&](const Tensor& images, const Tensor& labels) {
    adam.zero_grad();
    const Tensor loss = cross_entropy(net(images), labels);
    loss.backward();
    adam.step();
    return loss;
  };
  const auto count_correct = [](const Net& model) {
    return [&model](const Tensor& images, const Tensor& labels) {
      const NoGrad guard;
      return sum(argmax(model(images), 1) == labels);
    };
  };
  const auto static_step = jit(train_step);
  const auto static_count = jit(count_correct(net));

  int64_t epoch = 0;
  if (!flags.resume.empty()) {
    epoch = load_checkpoint(flags.resume, net, adam);
    train.set_epoch(epoch);
    fmt::print("resumed from {} after epoch {}\n", flags.resume, epoch);
  }
  // A path that cannot be written is said now, not when the training is done.
  const std::filesystem::path folder = std::filesystem::path(flags.save).parent_path();
  if (!folder.empty() && !std::filesystem::is_directory(folder))
    throw FileError(fmt::format("cannot save {}: {} is no folder", flags.save, folder.string()));
  std::vector<double> losses, accuracies;
  double final_accuracy = 0;
  while (epoch < flags.epochs) {
    double total = 0;
    net.train();
    for (auto [images, labels] : data::progress(train, fmt::format("epoch {} ", epoch + 1)))
      total += (flags.dynamic ? train_step(images.to(device), labels.to(device))
                              : static_step(images.to(device), labels.to(device)))
                   .item();
    net.eval();
    final_accuracy = flags.dynamic ? accuracy(test, device, count_correct(net)) : accuracy(test, device, static_count);
    losses.push_back(total / static_cast<double>(train.size()));
    accuracies.push_back(100 * final_accuracy);
    ++epoch;
    fmt::print("Epoch [{}/{}] | Loss: {:.4f} | Accuracy: {:.2f}%\n", epoch, flags.epochs, losses.back(),
               accuracies.back());
    std::fflush(stdout);
  }
  if (losses.empty()) final_accuracy = accuracy(test, device, count_correct(net));
  fmt::print("final test accuracy: {:.2f}%\n", 100 * final_accuracy);

  // The gradients of one more batch, for a look at the parameters.
  net.zero_grad();
  const auto [images, labels] = *test.begin();
  cross_entropy(net(images.to(device)), labels.to(device)).backward();
  for (const auto& [name, parameter] : net.named_parameters())
    fmt::print("gradient norm of {}: {:.6f}\n", name, std::sqrt(sum(parameter.grad() * parameter.grad()).item()));

  if (!flags.save.empty()) {
    save_checkpoint(flags.save, net, adam, epoch);
    Net loaded;
    load_model(flags.save, loaded);
    loaded.to(device);
    loaded.eval();
    const double again = accuracy(test, device, count_correct(loaded));
    fmt::print("saved {}; loaded into a new model: {:.2f}%\n", flags.save, 100 * again);
    if (again != final_accuracy) throw RuntimeError("the loaded model does not predict what the saved one did");
  }
  if (!flags.plot.empty() && !losses.empty()) {
    plot_series(flags.plot + "_loss.png", "Training loss per epoch", "loss", losses);
    plot_series(flags.plot + "_accuracy.png", "Test accuracy per epoch", "accuracy (%)", accuracies);
    fmt::print("plots: {0}_loss.png, {0}_accuracy.png\n", flags.plot);
  }
  return 0;
}

int start(int argc, char** argv) {
  Flags flags;
  CLI::App app(
      "Trains a network on handwritten digits: real MNIST where SINTER_DATA points at it, else built-in ones.");
  app.option_defaults()->always_capture_default();
  app.add_option("--epochs", flags.epochs, "passes over the training images")->check(CLI::Range(0, 1'000'000));
  app.add_option("--batch-size", flags.batch_size, "images a step")->check(CLI::Range(1, 1'000'000));
  app.add_option("--lr", flags.lr, "Adam's learning rate")->check(CLI::Range(0.0, 1000.0));
  app.add_option("--seed", flags.seed, "of the initial weights and the order of the images")
      ->check(CLI::Range(uint64_t{0}, uint64_t{INT64_MAX}));
  app.add_flag("--dynamic", flags.dynamic, "run operation by operation instead of compiled");
  app.add_option("--device", flags.device, "where it runs: cpu, cuda or cuda:N; SINTER_DEVICE if not given");
  app.add_option("--save", flags.save, "write a checkpoint here at the end");
  app.add_option("--resume", flags.resume, "go on from this checkpoint");
  app.add_option("--plot", flags.plot, "write PREFIX_loss.png and PREFIX_accuracy.png")->option_text("PREFIX");
  app.add_option("--threads", flags.threads, "worker threads; 0: as many as there are cores")
      ->check(CLI::Range(0, 1024));
  CLI11_PARSE(app, argc, argv);
  if (flags.threads > 0) setenv("SINTER_THREADS", std::to_string(flags.threads).c_str(), 1);  // before the first use
  return run(flags);
}

int main(int argc, char** argv) {
  try {
    return start(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
