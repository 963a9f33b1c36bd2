// SPDX-License-Identifier: Apache-2.0
// The instant provider as a program: bench_upstream --port 9000 --events 50 --every-us 2000
#include "provider.h"

int main(int count, char** arguments) {
  bench::ProviderOptions options;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = arguments[i];
    const char* value = arguments[i + 1];
    if (name == "--port") {
      bench::read_option(name, value, options.port);
    } else if (name == "--events") {
      bench::read_option(name, value, options.events);
    } else if (name == "--every-us") {
      bench::read_option(name, value, options.every_ns);
      options.every_ns *= 1000;
    } else {
      std::fprintf(stderr, "bench_upstream: unknown option %s\n", arguments[i]);
      return 2;
    }
  }
  bench::Provider provider{options};
  for (;;) provider.poll(-1);
}
