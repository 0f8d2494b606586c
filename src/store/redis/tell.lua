-- A member tells what it has let in. KEYS: bucket, news. ARGV: member, name of the bucket, let in, known to be spent, count, window
-- (microseconds), for how long it is kept where it does not drain (milliseconds), told from, whether anybody has asked.
local me, drain = ARGV[1], tonumber(ARGV[5]) / tonumber(ARGV[6])
local spent, askers = read(KEYS[1], tonumber(ARGV[4]), drain)
local own = tonumber(ARGV[3])
spent = math.max(0, spent + own)
local kept, count = others(askers, me)
if ARGV[9] == '1' then
    kept[me] = now
elseif askers[me] and now - askers[me] < 1000000 then
    kept[me] = askers[me]
end
write(KEYS[1], spent, kept, drain, tonumber(ARGV[7]))
if own ~= 0 then
    announce(KEYS[2], ARGV[2], spent, tonumber(ARGV[8]))
end
return { text(spent), count }
