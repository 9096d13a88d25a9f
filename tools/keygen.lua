--- `fota keygen`: makes a signing key.
local core = require("fota.tool.core")
local util = require("fota.tool.util")

---@type fota.tool.Command
local keygen = {
    name = "keygen",
    summary = "Make a key pair to sign packages with (ECDSA P-256, PEM).",
    options = {
        { name = "out", value = "KEY.pem", required = true,
            help = "private key, readable by its owner only" },
        { name = "public", value = "PUB.pem",
            help = "public key: what modems trust and 'fota verify' takes" },
        { name = "force", help = "replace existing files" },
    },
    examples = {
        "fota keygen --out key.pem --public key.pub.pem",
        "openssl pkey -in key.pem -pubout          # the public half, later",
    },
}

function keygen.run(given)
    if given.public == given.out then
        util.usage("--out and --public name the same file")
    end
    -- Both are looked at first: half a pair on the disk helps nobody.
    for _, path in ipairs({ given.out, given.public }) do
        if not given.force and util.exists(path) then
            util.fail(path .. " exists already; --force replaces it")
        end
    end
    local pem, why = core.keygen()
    if not pem then
        util.fail(why)
    end
    local key
    key, why = core.key(pem)
    if not key then
        util.fail(why)
    end
    -- The private half is the last to be replaced, and none of a new pair stays alone.
    if given.public then
        util.save(given.public, key.public_pem, { replace = given.force })
    end
    local done
    done, why = core.save(given.out, pem, { private = true, replace = given.force })
    if not done then
        if given.public and not given.force then
            os.remove(given.public)
        end
        util.fail("cannot write " .. why)
    end
    util.print("key id ", util.hex(key.id), "\n")
end

return keygen
