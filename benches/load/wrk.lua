-- Each request carries the next of the tokens in TOKENS, if that is set, so that no two in a row are the same.
local requests, at = {}, 0

function init(_)
  local file = os.getenv("TOKENS")
  if file then
    for token in io.lines(file) do
      requests[#requests + 1] = wrk.format("GET", nil, { Authorization = "Bearer " .. token })
    end
  else
    requests[1] = wrk.format("GET")
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %d\n", summary.requests, summary.duration,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(99)))
end
