--- `fota vouch`: lets a signing key take the place of another one.
local core = require("fota.tool.core")
local sign = require("fota.tool.sign")
local successor = require("fota.tool.successor")
local util = require("fota.tool.util")

---@type fota.tool.Command
local vouch = {
    name = "vouch",
    summary = "Vouch with a key for the new one that replaces it, for 'fota pack --successor'.",
    arguments = "NEW.pub.pem",
    min = 1,
    options = {
        { name = "key", value = "OLD.pem", help = "private key that is replaced" },
        { name = "command", value = "CMD", help = "sign with a program instead, as for 'fota sign'" },
        { name = "public", value = "OLD.pub.pem", help = "the public key of CMD" },
        { name = "out", value = "VOUCHER", required = true, help = "the voucher; it is no secret" },
    },
    notes = "From the first package with it on every package needs it, and is signed with the new key.\n"
        .. "Modems that confirmed such a package refuse what the old key signs, for good.",
    examples = {
        "fota keygen --out new.pem --public new.pub.pem",
        "fota vouch new.pub.pem --key old.pem --out new.voucher",
        "fota pack --image app/ --model EC600U --version 3.0.0 --sequence 3 \\",
        "          --successor new.voucher --key new.pem --out app-3.fota",
    },
}

function vouch.run(given, positional)
    local new = util.key(positional[1])
    local signer = sign.signer(given)
    if new.id == signer.key.id then
        util.fail("a key cannot replace itself: " .. util.hex(new.id))
    end
    local digest, why = core.successor_digest(new.point)
    if not digest then
        util.fail(why)
    end
    local link = { point = new.point, voucher = signer.key.id, value = sign.digest(signer, digest) }
    util.save(given.out, successor.text(link))
    util.print(string.format("%s: key %s takes the place of %s\n", given.out, util.hex(new.id),
        util.hex(signer.key.id)))
end

return vouch
