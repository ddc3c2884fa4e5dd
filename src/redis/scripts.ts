/**
 * The scripts that Redis executes. Redis executes a script as a whole: no other command changes a key in between.
 * @see https://redis.io/docs/latest/develop/programmability/eval-intro/
 */

/**
 * Replaces the value of `KEYS[1]` if the value is still `ARGV[2]`, or if the key is still missing and `ARGV[1]` is "missing".
 * `ARGV[3]` is the new value. If `ARGV[3]` is empty, the script deletes the key. `ARGV[4]` is the time to live in milliseconds,
 * or empty. Returns 1 if the value was replaced, and otherwise 0.
 */
export const REPLACE = `
local stored = redis.call('GET', KEYS[1])
local expected = ARGV[1] ~= 'missing' and ARGV[2]
if stored ~= expected then return 0 end
if ARGV[3] == '' then redis.call('DEL', KEYS[1])
elseif ARGV[4] == '' then redis.call('SET', KEYS[1], ARGV[3])
else redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4]) end
return 1`;

/**
 * Sets `KEYS[1]` to the record `ARGV[1]`. `ARGV[2]` is the version of the record. If a record of a newer version is stored, the
 * script changes nothing and returns that version. `ARGV[3]` is the time to live in milliseconds, or empty.
 */
export const SET = `
local stored = redis.pcall('GET', KEYS[1])
local version = type(stored) == 'string' and tonumber(string.match(stored, '^{"version":(%d+)[,}]'))
if version and version > tonumber(ARGV[2]) then return version end
if ARGV[3] == '' then return redis.pcall('SET', KEYS[1], ARGV[1]) end
return redis.pcall('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])`;

/**
 * Moves the damaged record at `KEYS[1]` to `KEYS[2]`, where the record expires after `ARGV[2]` milliseconds. A record that is no
 * longer the text `ARGV[1]` stays. A record that is no text is damaged.
 */
export const SET_ASIDE = `
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return 0 end
if kind == 'string' and redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('RENAME', KEYS[1], KEYS[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1`;

/**
 * Takes the lock `KEYS[1]` for the holder `ARGV[1]` and `ARGV[2]` milliseconds, if the lock is free. Returns nil if another holder
 * has the lock. This is a script because clients of Redis ignore options of `SET` that they do not know.
 */
export const TAKE = `return redis.pcall('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])`;

/** Renews the lock `KEYS[1]` for `ARGV[2]` milliseconds, if its holder is still `ARGV[1]`. Returns 0 if the lock is lost. */
export const RENEW = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;

/** Releases the lock `KEYS[1]`, if its holder is still `ARGV[1]`. Returns 0 if the lock was lost. */
export const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;
