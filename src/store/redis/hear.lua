-- A member says that it is there, and reads what the others have told. KEYS: members, news, the mark of this store. ARGV: member, a
-- new mark, since when (microseconds), what the keys of buckets begin with, the most news.
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - 2000000))
redis.call('PEXPIRE', KEYS[1], 10000)
local mark = redis.call('GET', KEYS[3])
if not mark then
    mark = ARGV[2]
    redis.call('SET', KEYS[3], mark)
end
local found = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[3], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[5])
local news, last = {}, ARGV[3]
for i = 1, #found, 2 do
    last = found[i + 1]
    local kept = redis.call('GET', ARGV[4] .. found[i])
    if kept then
        kept = cmsgpack.unpack(kept)
        local _, count = others(kept[3], ARGV[1])
        local spent = math.max(0, kept[1] - math.max(0, now - kept[2]) * kept[4])
        news[#news + 1] = { found[i], text(spent), count }
    else
        redis.call('ZREM', KEYS[2], found[i])
    end
end
-- Those that nobody has read for long are looked at a few at a time.
for _, name in ipairs(redis.call('ZRANGE', KEYS[2], 0, 9)) do
    if redis.call('EXISTS', ARGV[4] .. name) == 0 then
        redis.call('ZREM', KEYS[2], name)
    end
end
return { mark, redis.call('ZCARD', KEYS[1]), last, #found / 2, news }
