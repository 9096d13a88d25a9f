std = "max"
max_line_length = 110
exclude_files = { "build*" }
files["spec"] = { std = "max+busted" }
files["examples"] = { globals = { "PROJECT", "VERSION" } } -- LuatOS's tools read them
