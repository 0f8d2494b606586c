-- RS256 in nginx's Lua, as a site would write it: libcrypto by FFI, verified tokens kept in a shared dictionary.

local ffi = require "ffi"
local base64 = require "ngx.base64"
local json = require "cjson.safe"

ffi.cdef [[
unsigned char *SHA256(const unsigned char *data, size_t length, unsigned char *digest);
void *BIO_new_mem_buf(const void *text, int length);
void *PEM_read_bio_PUBKEY(void *bio, void *key, void *callback, void *user);
void *EVP_MD_CTX_new(void);
void EVP_MD_CTX_free(void *context);
const void *EVP_sha256(void);
int EVP_DigestVerifyInit(void *context, void *options, const void *hash, void *engine, void *key);
int EVP_DigestVerify(void *context, const unsigned char *signature, size_t signature_length,
                     const unsigned char *content, size_t length);
]]
local C = ffi.C
local digest = ffi.new("unsigned char[32]")
local tokens = ngx.shared.tokens
local key

local M = {}

function M.init(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  key = C.PEM_read_bio_PUBKEY(C.BIO_new_mem_buf(text, #text), nil, nil, nil)
  assert(key ~= nil, "no key")
end

local function signed(content, signature)
  local context = C.EVP_MD_CTX_new()
  local good = C.EVP_DigestVerifyInit(context, nil, C.EVP_sha256(), nil, key) == 1
    and C.EVP_DigestVerify(context, signature, #signature, content, #content) == 1
  C.EVP_MD_CTX_free(context)
  return good
end

local function verify(token, now)
  local header, claims, signature = token:match("^([^.]+)%.([^.]+)%.([^.]+)$")
  if not header then return end
  local content = header .. "." .. claims
  header = json.decode(base64.decode_base64url(header) or "")
  claims = json.decode(base64.decode_base64url(claims) or "")
  signature = base64.decode_base64url(signature)
  if not header or not claims or not signature or header.alg ~= "RS256" then return end
  if claims.iss ~= "urn:compare:rs256" or claims.aud ~= "urn:compare:agent" then return end
  if type(claims.exp) ~= "number" or claims.exp + 30 < now then return end
  if not (" " .. (claims.scope or "") .. " "):find(" load:read ", 1, true) then return end
  if signed(content, signature) then return claims.exp, claims.sub end
end

function M.check()
  local header = ngx.var.http_authorization
  local token = header and header:match("^Bearer +(.+)$")
  if not token then return ngx.exit(401) end
  C.SHA256(token, #token, digest)
  local name, now = ffi.string(digest, 32), ngx.time()
  local subject, expires = tokens:get(name)
  if not subject then
    expires, subject = verify(token, now)
    if not subject then return ngx.exit(401) end
    tokens:set(name, subject, math.max(expires + 30 - now, 1), expires)
  end
  ngx.var.caller_sub = subject
end

return M
