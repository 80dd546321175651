#include "server/thread/thread_executor.h"

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace docstore {
namespace {

// Runs everything posted so far.
void Drain(ThreadExecutor* executor) {
  std::promise<void> done;
  executor->Post([&done] { done.set_value(); });
  done.get_future().wait();
}

TEST(ThreadExecutor, RunsTasksInOrderOnOneThread) {
  ThreadExecutor executor;
  std::vector<int> order;
  std::vector<std::thread::id> threads;
  for (int i = 0; i < 1000; ++i) {
    executor.Post([&, i] {
      order.push_back(i);
      threads.push_back(std::this_thread::get_id());
    });
  }
  Drain(&executor);
  ASSERT_EQ(order.size(), 1000u);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(order[i], i);
    EXPECT_EQ(threads[i], threads[0]);
  }
  EXPECT_NE(threads[0], std::this_thread::get_id());
}

TEST(ThreadExecutor, KeepsTheOrderOfEachOfManyPosters) {
  ThreadExecutor executor;
  std::vector<std::vector<int>> seen(4);
  std::vector<std::thread> posters;
  for (int poster = 0; poster < 4; ++poster) {
    posters.emplace_back([&, poster] {
      for (int i = 0; i < 5000; ++i) {
        executor.Post([&, poster, i] { seen[poster].push_back(i); });
      }
    });
  }
  for (std::thread& poster : posters) poster.join();
  Drain(&executor);
  for (const std::vector<int>& numbers : seen) {
    ASSERT_EQ(numbers.size(), 5000u);
    for (int i = 0; i < 5000; ++i) EXPECT_EQ(numbers[i], i);
  }
}

TEST(ThreadExecutor, NeverRunsATaskInsidePost) {
  ThreadExecutor executor;
  std::string order;
  std::promise<void> done;
  executor.Post([&] {
    executor.Post([&] {
      order += "inner";
      done.set_value();
    });
    order += "outer ";
  });
  done.get_future().wait();
  EXPECT_EQ(order, "outer inner");
}

TEST(ThreadExecutor, RunsDelayedTasksByTheirTime) {
  ThreadExecutor executor;
  std::string order;
  std::promise<void> done;
  const auto begin = std::chrono::steady_clock::now();
  // Posted from a task, so that all of it is queued before any of it can run.
  executor.Post([&] {
    executor.PostAfter(4000, [&] {
      order += " 4ms";
      done.set_value();
    });
    executor.PostAfter(2000, [&] { order += " 2ms"; });
    executor.PostAfter(2000, [&] { order += " 2ms-again"; });
    executor.PostAfter(0, [&] { order += " at-once"; });
    executor.PostAfter(-5, [&] { order += " at-once-too"; });
    executor.PostAfter(int64_t{1} << 50, [&] { order += " never"; });
    order = "now";
  });
  done.get_future().wait();
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::microseconds(4000));
  EXPECT_EQ(order, "now at-once at-once-too 2ms 2ms-again 4ms");
}

TEST(ThreadExecutor, AnEarlierDelayWakesALaterWait) {
  ThreadExecutor executor;
  std::promise<void> done;
  executor.PostAfter(int64_t{3600} * 1'000'000, [] {});
  Drain(&executor);
  executor.PostAfter(1000, [&] { done.set_value(); });
  done.get_future().wait();
}

TEST(ThreadExecutor, StopDropsWhatHasNotBegun) {
  ThreadExecutor executor;
  auto alive = std::make_shared<int>(0);
  std::promise<void> begun;
  std::promise<void> go_on;
  executor.Post([&] {
    begun.set_value();
    go_on.get_future().wait();
  });
  executor.Post([alive] { ++*alive; });
  executor.PostAfter(1, [alive] { ++*alive; });
  begun.get_future().wait();
  std::thread stopper([&] { executor.Stop(); });
  // Stop has taken the queue once the tasks are gone; only then may the running one end.
  while (alive.use_count() > 1) std::this_thread::yield();
  go_on.set_value();
  stopper.join();
  executor.Post([alive] { ++*alive; });
  executor.PostAfter(1, [alive] { ++*alive; });
  executor.Stop();
  EXPECT_EQ(*alive, 0);
  EXPECT_EQ(alive.use_count(), 1);
}

// Posts when it is destroyed.
struct PostsAtTheEnd {
  explicit PostsAtTheEnd(ThreadExecutor* target) : executor(target) {}
  ~PostsAtTheEnd() {
    executor->Post([] {});
  }
  ThreadExecutor* executor;
};

TEST(ThreadExecutor, DestructorsOfDroppedTasksMayPost) {
  ThreadExecutor executor;
  executor.PostAfter(int64_t{1} << 50, [p = std::make_unique<PostsAtTheEnd>(&executor)] {});
  executor.Stop();
  executor.Post([p = std::make_unique<PostsAtTheEnd>(&executor)] {});
}

}  // namespace
}  // namespace docstore
