--- LuatOS's `http` on the emulated modem.
---
---     local code, headers, body = http.request("GET", "http://example.com/").wait()
---
--- A connection that breaks within the body is taken up again by Range; redirects are not followed, as on
--- the device. With https the server is verified if a certificate of its authority is given.
local stream = require("fota.emulator.luatos.stream")
local sink = require("fota.emulator.luatos.http_sink")
local loop = require("fota.emulator.loop")
local numbers = require("fota.emulator.luatos.numbers")
local port = require("fota.guest")
local reader = require("fota.emulator.luatos.http_reader")
local zbuff = require("fota.emulator.luatos.zbuff")

local http = {}

--- Codes below 100, as LuatOS numbers them.
local STATE, HEADER, BODY, CONNECT, CLOSE, RX, TIMEOUT = -1, -2, -3, -4, -5, -6, -8

local TIMEOUT_MS = 60000
local DOWNLOAD_MS = 300000  -- with dst
local FOTA_MS = 600000      -- with fota
local CONNECT_MS = 30000    -- one connection may take
local RESUMES = 3           -- connections after the first one
local AGAIN_MS = 1000       -- between them

local request_number = 0

local function say(level, text)
    port.emit("log", level, level .. "/http " .. text)
end

local function debug_line(request, text)
    if request.options.debug then
        say("D", text)
    end
end

-- ---- the request ----------------------------------------------------------------------------------

-- Scheme, user:password, host, port, path of a url; nil if it is none.
local function parse_url(url)
    local scheme, rest = url:match("^(%a+)://(.+)$")
    if not scheme then
        return nil
    end
    scheme = scheme:lower()
    local authority, path = rest:match("^([^/?#]+)([^#]*)")
    if not authority or scheme ~= "http" and scheme ~= "https" then
        return nil
    end
    local user, address = authority:match("^(.*)@(.*)$")
    address = address or authority
    local host, number = address:match("^%[([%x:.]+)%]:?(%d*)$")
    if not host then
        host, number = address:match("^([^:]+):?(%d*)$")
    end
    number = tonumber(number ~= "" and number or scheme == "http" and 80 or 443)
    if not host or not number or number < 1 or number > 65535 then
        return nil
    end
    return {
        tls = scheme == "https", user = user, host = host, port = number, address = address,
        path = path:sub(1, 1) == "/" and path or "/" .. path,
    }
end

local function has(headers, wanted)
    for name in pairs(headers) do
        if tostring(name):lower() == wanted then
            return true
        end
    end
    return false
end

-- The bytes that are sent; `from` and `validator` are those of a body that is to go on.
local function compose(request, from, validator)
    local url = request.url
    local lines = { request.method .. " " .. url.path .. " HTTP/1.1" }
    local function add(name, value)
        if not has(request.headers, name:lower()) then
            lines[#lines + 1] = name .. ": " .. value
        end
    end
    add("Connection", "Close")
    add("Host", url.address)
    if url.user then
        add("Authorization", "Basic " .. url.user:toBase64())
    end
    if from > 0 then
        lines[#lines + 1] = string.format("Range: bytes=%d-", from)
        lines[#lines + 1] = validator and "If-Range: " .. validator
    end
    for name, value in pairs(request.headers) do
        local lower = tostring(name):lower()
        if lower ~= "content-length" and not (from > 0 and lower == "range") then
            lines[#lines + 1] = tostring(name) .. ": " .. tostring(value)
        end
    end
    if request.body then
        lines[#lines + 1] = string.format("Content-Length: %d", #request.body)
    end
    return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (request.body or "")
end

-- ---- one connection -------------------------------------------------------------------------------

-- Lets other things run until the network moves; false when the request's time is over.
local function pause(request, limit)
    local now = port.now()
    local left = request.limit - now
    left = limit and math.min(left, limit - now) or left
    if left <= 0 then
        return false
    end
    coroutine.yield(left)
    return true
end

local function connect(request)
    local limit = port.now() + CONNECT_MS
    local url = request.url
    local opened, why = stream.open(url.host, url.port, request.options.ipv6, url.tls and request.tls)
    request.stream = opened
    while opened do
        local ready
        ready, why = opened:ready()
        if ready then
            return opened
        elseif ready == nil then
            break
        elseif not pause(request, limit) then
            return nil, port.now() - request.limit >= 0 and TIMEOUT or CONNECT
        end
    end
    say("E", string.format("cannot connect to %s: %s", url.address, why))
    return nil, CONNECT
end

local function send(request, bytes)
    local at = 1
    while at <= #bytes do
        local sent = request.stream:send(bytes, at)
        if not sent then
            return CLOSE
        end
        at = at + sent
        if sent == 0 and not pause(request) then
            return TIMEOUT
        end
    end
end

local function hang_up(request)
    if request.stream then
        request.stream:close()
        request.stream = nil
    end
end

-- Feeds what arrives to the reader until it is done: nil, or a code.
local function receive(request, response)
    while true do
        local data, why = request.stream:receive()
        if data == "" then
            if not pause(request) then
                return TIMEOUT
            end
        elseif data then
            local code = response:feed(data)
            if code or response.done then
                return code
            end
        elseif why == "CLOSED" and response:closed() then
            return nil
        else
            return why == "CLOSED" and CLOSE or RX
        end
    end
end

-- ---- the response ---------------------------------------------------------------------------------

-- Decides with the first response's header where the body goes.
local function begin_body(request, response)
    request.code, request.response_headers = response.status, response.headers
    request.total = response.length or 0
    request.validator = response.fields.etag
    if request.validator and request.validator:find("^W/") then
        request.validator = nil -- weak: says nothing about bytes
    end
    request.sink = sink.choose(request)
    return request.sink:begin()
end

-- A response to a request with Range: does its body go on where the last one broke off?
local function continue_body(request, response)
    local first = tonumber((response.fields["content-range"] or ""):match("^bytes (%d+)%-"))
    if response.status == 206 and first == request.received then
        return nil
    elseif response.status == 200 then
        -- Not the same file any more, or a server without Range: from the beginning.
        request.received = 0
        request.response_headers = response.headers
        request.total = response.length or 0
        return request.sink:begin()
    end
    return BODY
end

local function on_header(request, response)
    if request.sink then
        return continue_body(request, response)
    end
    return begin_body(request, response)
end

-- The script's callback runs where LuatOS runs it: on the main thread.
local function tell(request)
    local callback, total, received = request.options.callback, request.total, request.received
    if callback then
        loop.post(function()
            callback(total, received, request.options.userdata)
        end)
    end
end

local function on_body(request, data)
    local code = request.sink:write(data)
    request.received = request.received + #data
    tell(request)
    return code
end

-- One connection and what comes over it: nil, or a code.
local function attempt(request)
    local connected, code = connect(request)
    if not connected then
        return code
    end
    debug_line(request, "connected to " .. request.url.address)
    code = send(request, compose(request, request.received, request.validator))
    if code then
        return code
    end
    local response = reader.new({
        head = request.method == "HEAD",
        header = function(response)
            return on_header(request, response)
        end,
        body = function(data)
            return on_body(request, data)
        end,
    })
    code = receive(request, response)
    if code == nil and not request.sink then
        return HEADER
    end
    return code
end

local function can_resume(request, code, resumes)
    return (code == CLOSE or code == RX or code == CONNECT and request.sink) and request.sink
        and request.code < 300 and request.method == "GET" and resumes < RESUMES
end

-- The request from its first connection to its last: a code, and the body.
local function perform(request)
    local resumes = 0
    while true do
        local code = attempt(request)
        hang_up(request)
        if not code then
            return request.sink:finish()
        elseif not can_resume(request, code, resumes) then
            if request.sink then
                request.sink:drop()
            end
            return code
        end
        resumes = resumes + 1
        debug_line(request, string.format("the connection broke after %d bytes; once more", request.received))
        local limit = port.now() + AGAIN_MS
        while pause(request, limit) do end -- luacheck: ignore 542
    end
end

-- ---- the module -----------------------------------------------------------------------------------

local function default_timeout(options)
    if options.fota then
        return FOTA_MS
    end
    return options.dst and DOWNLOAD_MS or TIMEOUT_MS
end

local function new_request(method, url, headers, body, options, tls)
    local timeout = type(options.timeout) == "number" and options.timeout >= 1000 and options.timeout
    local request = {
        method = (method or "GET"):upper(),
        url = parse_url(url),
        headers = type(headers) == "table" and headers or {},
        options = options,
        tls = tls,
        received = 0,
        total = 0,
        limit = port.now() + (timeout or default_timeout(options)),
    }
    if zbuff.is(body) then
        if request.method == "POST" or request.method == "PUT" then
            request.body = body:toStr(0, body:used())
        else
            request.buffer = body -- the response goes there
        end
    elseif body ~= nil and body ~= "" then
        request.body = tostring(body)
    end
    return request
end

-- Why a request is not even begun; nil if it is.
local function refusal(request, url)
    if request.options.fota and request.options.dst then
        return "only one of fota and dst can be chosen"
    elseif #request.method > 11 then
        return "the method is too long: " .. request.method
    elseif not request.url then
        return "not a url: " .. url
    end
end

local function run(request, topic)
    local code, body = perform(request)
    loop.post(function()
        if not _G.sys_pub then
            return
        elseif code < 0 and body == nil then
            _G.sys_pub(topic, code)
        else
            _G.sys_pub(topic, code, request.response_headers or {}, body)
        end
    end)
end

---@class fota.emulator.HttpOptions
---@field timeout integer|nil milliseconds; 60 s, with dst 5 min, with fota 10 min by default
---@field dst string|nil file that the body goes to
---@field fota boolean|table|nil the body is an update
---@field callback fun(total: integer, received: integer, userdata: any)|nil
---@field userdata any
---@field debug boolean|nil log what happens
---@field ipv6 boolean|nil

--- Begins a request. The result has .wait(), for tasks, and .cb(function): code, headers, body. The code is
--- the server's, or below zero; the body is its size with dst, fota and a buffer.
---@param method string|nil "GET" by default
---@param url string
---@param headers table<string, string>|nil
---@param body string|table|nil a zbuff of a GET takes the response's body
---@param options fota.emulator.HttpOptions|nil
---@param ca string|nil PEM: the authority that the server is verified with
---@param cert string|nil PEM: the client's own certificate
---@param key string|nil PEM: its key, which has no password
---@return table
function http.request(method, url, headers, body, options, ca, cert, key)
    if type(url) ~= "string" then
        error("bad argument #2 to 'request' (string expected, got " .. type(url) .. ")", 2)
    end
    if not _G.sys_cw then
        say("E", "there is no sys that could wait")
        return nil
    end
    local request = new_request(method, url, headers, body, type(options) == "table" and options or {},
        { ca_cert = ca, client_cert = cert, client_key = key })
    local why = refusal(request, url)
    if why then
        say("E", why)
        return _G.sys_cw(nil, CONNECT)
    end
    request_number = request_number + 1
    local topic = "\1" .. numbers.from_integer(request_number, 8)
    loop.spawn(run, request, topic)
    return _G.sys_cw(topic)
end

http.STATE = STATE

return http
