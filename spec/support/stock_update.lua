--- A library in the manner of those that LuatOS's users bring: it knows nothing but sys, http, mobile, rtos
--- and the globals of main.lua.
-- luacheck: globals sys http mobile rtos log PROJECT VERSION PRODUCT_KEY
local update = {}

local RESULTS = { [200] = 0, [206] = 0, [-4] = 1, [-5] = 3 }

--- Asks for an update; callback(result) runs in a task: 0 there is one, 1 no connection, 3 it broke, 4 the
--- server refused or the package is bad, 5 main.lua has no PRODUCT_KEY.
function update.request(callback, options)
    if not PRODUCT_KEY then
        callback(5)
        return
    end
    local query = string.format("?project_key=%s&imei=%s&firmware_name=%s_LuatOS-SoC_%s&version=%s",
        PRODUCT_KEY, mobile.imei(), PROJECT, rtos.bsp(), VERSION)
    sys.taskInit(function()
        local code = http.request("GET", options.url .. query, nil, nil,
            { fota = true, timeout = options.timeout or 30000 }).wait()
        log.info("update", code)
        callback(RESULTS[code] or 4)
    end)
end

return update
