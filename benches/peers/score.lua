-- For wrk: POST /v1/score with the lines of a file as bodies, in turn; prints JSON at the end.
--   wrk -t1 -c16 -d10s -s score.lua http://127.0.0.1:8080 -- score.jsonl
local requests, at = {}, 0

function init(args)
    local headers = { ["Content-Type"] = "application/json" }
    for body in io.lines(args[1]) do
        requests[#requests + 1] = wrk.format("POST", "/v1/score", headers, body)
    end
end

function request()
    at = at % #requests + 1
    return requests[at]
end

function done(summary, latency)
    local e = summary.errors
    -- Microseconds to seconds and milliseconds.
    io.write(string.format('{"rate": %f, "p50": %f, "p99": %f, "errors": {"status": %d, "socket": %d}}\n',
        (summary.requests - e.status) / (summary.duration / 1e6), latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        e.status, e.connect + e.read + e.write + e.timeout))
end
