-- A member asks for a request at several limits: it is spent at each that has one left, or at none, where one that is enforced has
-- none. KEYS: the buckets, news. ARGV: member; then for each bucket its name, known to be spent, count, window (microseconds), for
-- how long it is kept where it does not drain (milliseconds), burst, told from, whether it is enforced.
local me, buckets, may = ARGV[1], {}, true
for i = 1, #KEYS - 1 do
    local at = 1 + (i - 1) * 8
    local drain = tonumber(ARGV[at + 3]) / tonumber(ARGV[at + 4])
    local spent, askers = read(KEYS[i], tonumber(ARGV[at + 2]), drain)
    -- A request is a billionth less than one here, so that what is left after a fraction is no less than it was.
    local has_one = tonumber(ARGV[at + 6]) - spent >= 1 - 1e-9
    if not has_one and ARGV[at + 8] == '1' then
        may = false
    end
    buckets[i] = { spent, askers, drain, has_one, ARGV[at + 1], tonumber(ARGV[at + 7]), tonumber(ARGV[at + 5]) }
end
local answers = {}
for i, bucket in ipairs(buckets) do
    local spent, has_one = bucket[1], bucket[4]
    local kept, count = others(bucket[2], me)
    if may and has_one then
        spent = spent + 1
        kept[me] = now
        write(KEYS[i], spent, kept, bucket[3], bucket[7])
        announce(KEYS[#KEYS], bucket[5], spent, bucket[6])
    end
    answers[i] = { has_one and 1 or 0, text(spent), count }
end
return answers
