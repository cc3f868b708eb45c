-- Print what was measured as JSON; it runs once, at the end.
function done(summary, latency)
  local e = summary.errors
  print(string.format(
    '{"per_second": %.1f, "p50_ms": %.3f, "p99_ms": %.3f, "done": %d, "errors": %d, "bytes": %d}',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    summary.requests, e.connect + e.read + e.write + e.status + e.timeout, summary.bytes))
end
