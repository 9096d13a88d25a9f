--- `fota sign`: adds a signature to a package.
local core = require("fota.tool.core")
local delta = require("fota.tool.delta")
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
        "fota sign app.fota --public key.pub.pem \\",
        "          --command 'xxd -r -p | openssl pkeyutl -sign -inkey encrypted.pem'",
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
    for _, link in ipairs(manifest.successors or {}) do
        if link.voucher == key.id then
            util.fail(string.format("key %s is replaced by key %s, which the package brings; sign with that",
                util.hex(key.id), util.hex(util.key_id(link.point))))
        end
    end
end

---@class fota.tool.Signer Who signs: a key at hand or, with `command`, an external program.
---@field key table of core.key(): of the program its public half
---@field pem string|nil the key's file
---@field command string|nil for a shell

--- The signer of the options --key, --command and --public; wrong ones end the command.
---@param given table
---@return fota.tool.Signer
function sign.signer(given)
    if given.command and (given.key or not given.public) then
        util.usage("--command needs --public, and no --key")
    elseif not given.command and (given.public or not given.key) then
        util.usage("--key KEY.pem is needed, or --command with --public")
    end
    local key, pem = util.key(given.key or given.public)
    if given.key and not key.private then
        util.fail(given.key .. ": the key has no private half; give the private one")
    end
    return { key = key, pem = pem, command = given.command }
end

--- Signs a SHA-256; a signature that turns out wrong ends the command.
---@param signer fota.tool.Signer
---@param digest string 32 bytes
---@return string signature r and s
function sign.digest(signer, digest)
    local signature, fine, why
    if signer.command then
        signature = run_command(signer.command, digest)
    else
        signature, why = core.sign(signer.pem, digest)
        if not signature then
            util.fail(why)
        end
    end
    fine, why = core.check(signer.key.point, digest, signature)
    if not fine then
        util.fail("the new signature is wrong: " .. why
            .. (signer.command and "; is --public the key of the command?" or ""))
    end
    return signature
end

--- Signs a package.
---@param bytes string a package or its header, which is well formed
---@param signer fota.tool.Signer
---@return string header with the signature
function sign.header(bytes, signer)
    local manifest = assert(core.parse(bytes))
    check_room(manifest, signer.key)
    local signature = sign.digest(signer, core.digest(bytes:sub(1, manifest.signed_length)))
    local header, why = core.add_signature(bytes, signer.key.id, signature)
    if not header then
        util.fail(why)
    end
    return header
end

function sign.run(given, positional)
    local path = positional[1]
    local signer = sign.signer(given)
    local bytes = util.read(path)
    local _, payload = delta.open(path, bytes)
    util.save(given.out or path, sign.header(bytes, signer) .. payload)
    util.print(given.out or path, ": signed by ", util.hex(signer.key.id), "\n")
end

return sign
