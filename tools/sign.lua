--- `fota sign`: adds a signature to a package.
local core = require("fota.tool.core")
local util = require("fota.tool.util")

---@class fota.tool.Sign: fota.tool.Command
local sign = {
    name = "sign",
    summary = "Add a signature to a package; it takes two, of different keys.",
    arguments = "PKG",
    min = 1,
    options = {
        { name = "key", value = "KEY.pem", help = "private key to sign with" },
        { name = "command", value = "CMD", help = "sign with a program instead: a smart card, a server" },
        { name = "public", value = "PUB.pem", help = "the public key of CMD" },
        { name = "out", value = "FILE", help = "write there; PKG itself is changed by default" },
    },
    notes = "CMD is run by a shell. It reads the SHA-256 of the signed bytes as 64 hexadecimal\n"
        .. "digits and a newline, and prints the signature: DER or r and s (64 bytes), as they\n"
        .. "are or in hexadecimal. The signature is checked before anything is written.",
    examples = {
        "fota sign app.fota --key key.pem",
        "fota sign app.fota --public card.pub.pem --command 'ssh signer sign-p256' --out app.signed",
    },
}

-- DER begins with 0x30, the digit 0; what is hexadecimal throughout is taken as that.
local function read_signature(output)
    local text = util.unhex(output)
    local bytes = text and #text > 0 and text or output
    local signature, why = core.signature(bytes)
    if not signature then
        util.fail("the signing command printed no signature: " .. why)
    end
    return signature
end

local function run_command(command, digest)
    local output, status = core.run(command, util.hex(digest) .. "\n")
    if not output then
        util.fail("the signing command: " .. status)
    elseif status ~= 0 then
        util.fail(string.format("the signing command failed with exit status %d", status))
    end
    return read_signature(output)
end

local function digest_of(bytes)
    local manifest, why, code = core.parse(bytes)
    if not manifest then
        util.fail(util.error_name(code) .. ": " .. why)
    end
    return core.digest(bytes:sub(1, manifest.signed_length)), manifest
end

-- Refused before a card asks for its PIN.
local function check_room(manifest, key)
    for _, signature in ipairs(manifest.signatures) do
        if signature.key_id == key.id then
            util.fail("this key has signed the package already")
        end
    end
    if #manifest.signatures >= 2 then
        util.fail("the package has two signatures already; more are not possible")
    end
end

local function add(bytes, key, digest, signature)
    local fine, why = core.check(key.point, digest, signature)
    if not fine then
        util.fail("the new signature is wrong: " .. why)
    end
    local header
    header, why = core.add_signature(bytes, key.id, signature)
    if not header then
        util.fail(why)
    end
    return header
end

--- Signs with a key at hand.
---@param bytes string a package or its header
---@param key table of core.key()
---@param pem string the same key's file
---@return string header with the signature
function sign.with_key(bytes, key, pem)
    local digest, manifest = digest_of(bytes)
    check_room(manifest, key)
    local signature, why = core.sign(pem, digest)
    if not signature then
        util.fail(why)
    end
    return add(bytes, key, digest, signature)
end

--- Signs with an external program.
---@param bytes string a package or its header
---@param key table of core.key(): the program's public key
---@param command string for a shell
---@return string header with the signature
function sign.with_command(bytes, key, command)
    local digest, manifest = digest_of(bytes)
    check_room(manifest, key)
    return add(bytes, key, digest, run_command(command, digest))
end

function sign.run(given, positional)
    local path = positional[1]
    if given.command and (given.key or not given.public) then
        util.usage("--command needs --public, and no --key")
    elseif not given.command and (given.public or not given.key) then
        util.usage("--key KEY.pem is needed, or --command with --public; see 'fota sign --help'")
    end
    local bytes = util.read(path)
    local key, pem = util.key(given.key or given.public)
    local header
    if given.command then
        header = sign.with_command(bytes, key, given.command)
    else
        header = sign.with_key(bytes, key, pem)
    end
    local rest = bytes:sub(core.parse(bytes).header_length + 1)
    util.save(given.out or path, header .. rest)
    io.stdout:write(given.out or path, ": signed by ", util.hex(key.id), "\n")
end

return sign
