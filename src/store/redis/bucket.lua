-- What is spent from a bucket drains by its limit's rate. A bucket is { spent, when, { member = when it last asked }, drain }: times
-- in microseconds of this server's clock, `drain` in requests a microsecond, so that whoever reads it needs no limit.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

-- What a bucket stands at. `known` is what a member knows to be spent: this server may have forgotten it.
local function read(key, known, drain)
    local spent, askers = 0, {}
    local kept = redis.call('GET', key)
    if kept then
        kept = cmsgpack.unpack(kept)
        spent = math.max(0, kept[1] - math.max(0, now - kept[2]) * drain)
        askers = kept[3]
    end
    return math.max(spent, known), askers
end

-- Those who have asked in the last second, without `me`, and how many they are.
local function others(askers, me)
    local kept, count = {}, 0
    for name, at in pairs(askers) do
        if name ~= me and now - at < 1000000 then
            kept[name] = at
            count = count + 1
        end
    end
    return kept, count
end

-- Keeps a bucket until it is full again, and a second longer for the sake of those who ask; one that does not drain for `keep`
-- milliseconds.
local function write(key, spent, askers, drain, keep)
    local full = keep
    if drain > 0 then
        full = math.ceil(spent / drain / 1000) + 1000
    end
    redis.call('SET', key, cmsgpack.pack({ spent, now, askers, drain }), 'PX', string.format('%.0f', full))
end

-- Members that have not asked for it read of a bucket from which so much was spent.
local function announce(news, name, spent, told_from)
    if spent > told_from then
        redis.call('ZADD', news, string.format('%.0f', now), name)
    end
end

local function text(number)
    return string.format('%.9f', number)
end
