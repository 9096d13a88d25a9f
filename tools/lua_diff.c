/* Differential and compressed payloads for the `fota` command. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "diff_plan.h"
#include "fault.h"
#include "fota_model.h"
#include "lua_tool.h"
#include "patch_head.h"
#include "platform/sim/map.h"

static const uint8_t *check_bytes(lua_State *L, int index, size_t *length)
{
    luaL_checktype(L, index, LUA_TSTRING);
    return (const uint8_t *)lua_tolstring(L, index, length);
}

struct listener {
    lua_State *L;
    int function; /* index of a Lua function, 0: none */
};

static void tell(void *context, const char *arch, size_t length)
{
    const struct listener *l = context;

    lua_pushvalue(l->L, l->function);
    lua_pushstring(l->L, arch);
    fota_tool_push_number(l->L, (int64_t)length);
    /* An error in it must not jump over what the packer has allocated. */
    if (lua_pcall(l->L, 2, 0, 0) != 0)
        lua_pop(l->L, 1);
}

static void push_stats(lua_State *L, const struct fota_diff_stats *s)
{
    lua_createtable(L, 0, 12);
    fota_tool_set_text(L, "arch", s->arch);
    fota_tool_set_number(L, "old_bytes", s->old_bytes);
    fota_tool_set_number(L, "new_bytes", s->new_bytes);
    fota_tool_set_number(L, "literal_bytes", s->literal_bytes);
    fota_tool_set_number(L, "copies", s->copies);
    fota_tool_set_number(L, "addresses", s->addresses);
    fota_tool_set_number(L, "predicted", s->predicted);
    fota_tool_set_number(L, "copy_size", (int64_t)(s->copy_bits / 8));
    fota_tool_set_number(L, "literal_size", (int64_t)(s->literal_bits / 8));
    fota_tool_set_number(L, "address_size", (int64_t)(s->address_bits / 8));
}

static struct fota_patch_layout read_layout(lua_State *L, int index)
{
    struct fota_tool_reader r = {L, index, NULL};
    struct fota_patch_layout layout;

    luaL_checktype(L, index, LUA_TTABLE);
    memset(&layout, 0, sizeof layout);
    fota_tool_get_u32(&r, "old_size", 0, &layout.old_size);
    fota_tool_get_u32(&r, "new_size", 0, &layout.new_size);
    fota_tool_get_u32(&r, "ram", 0, &layout.ram);
    fota_tool_get_u32(&r, "segment", 0, &layout.segment);
    fota_tool_get_u32(&r, "spare", 0, &layout.spare);
    return layout;
}

/* diff(old, new, layout, fast, progress) -> payload, statistics; the payload is proved. */
int fota_tool_diff(lua_State *L)
{
    size_t old_size, new_size, length = 0;
    const uint8_t *old = check_bytes(L, 1, &old_size), *new = check_bytes(L, 2, &new_size);
    struct fota_patch_layout layout = read_layout(L, 3);
    struct listener listener = {L, lua_isfunction(L, 5) ? 5 : 0};
    struct fota_diff_options options = {layout.ram,          layout.segment, layout.spare,
                                        lua_toboolean(L, 4), NULL,           &listener};
    struct fota_diff_stats stats;
    struct fota_fault fault = {0, FOTA_STAGE_REQUEST, 0, 0, NULL};
    uint8_t *payload = NULL, *back;
    int err;

    luaL_checkstack(L, 8, NULL);
    if (listener.function)
        options.progress = tell;
    layout.old_size = (uint32_t)old_size;
    layout.new_size = (uint32_t)new_size;
    err = fota_patch_check(&layout, &fault);
    if (err)
        return fota_tool_fault_result(L, &fault);
    err = fota_diff(old, old_size, new, new_size, &options, &payload, &length, &stats);
    back = err ? NULL : calloc(1, new_size);
    layout.payload = (uint32_t)length;
    if (!err && !back)
        err = FOTA_ERR_MEMORY;
    if (!err)
        err = fota_diff_apply(old, payload, &layout, back, &fault);
    if (!err && memcmp(back, new, new_size) != 0)
        err = FOTA_ERR_RESULT;
    free(back);
    if (err) {
        free(payload);
        return fota_tool_failure(
            L, err, err == FOTA_ERR_MEMORY ? "not enough memory" : "the patch failed its proof");
    }
    lua_pushlstring(L, (const char *)payload, length);
    free(payload);
    push_stats(L, &stats);
    return 2;
}

/* apply(old, payload, layout) -> new */
int fota_tool_apply(lua_State *L)
{
    size_t old_size, length;
    const uint8_t *old = check_bytes(L, 1, &old_size), *payload = check_bytes(L, 2, &length);
    struct fota_patch_layout layout = read_layout(L, 3);
    struct fota_fault fault;
    uint8_t *new;

    luaL_argcheck(L, old_size == layout.old_size, 1, "old_size bytes expected");
    layout.payload = (uint32_t)length;
    if (fota_patch_check(&layout, &fault))
        return fota_tool_fault_result(L, &fault);
    new = malloc(layout.new_size);
    if (!new)
        return fota_tool_failure(L, FOTA_ERR_MEMORY, "not enough memory");
    if (fota_diff_apply(old, payload, &layout, new, &fault)) {
        free(new);
        return fota_tool_fault_result(L, &fault);
    }
    lua_pushlstring(L, (const char *)new, layout.new_size);
    free(new);
    return 1;
}

/* append_undo(payload, undo) -> payload */
int fota_tool_append_undo(lua_State *L)
{
    size_t length, undo_length;
    const uint8_t *payload = check_bytes(L, 1, &length), *undo = check_bytes(L, 2, &undo_length);
    uint8_t *both = malloc(length);

    if (!both)
        return fota_tool_failure(L, FOTA_ERR_MEMORY, "not enough memory");
    memcpy(both, payload, length);
    if (fota_diff_append_undo(&both, &length, undo, undo_length)) {
        free(both);
        return fota_tool_failure(L, FOTA_ERR_MEMORY, "not enough memory");
    }
    lua_pushlstring(L, (const char *)both, length);
    free(both);
    return 1;
}

static bool in_units(const struct fota_region *region)
{
    return region->erase_unit && region->size % region->erase_unit == 0 &&
           region->size / region->erase_unit >= 2;
}

bool fota_tool_map(const char *text, struct fota_map *map)
{
    const struct fota_model *model = fota_model_find(text);
    struct fota_region *slot = &map->slot, *staging = &map->staging;
    int end = 0;

    memset(map, 0, sizeof *map);
    if (model) {
        *map = *fota_sim_map(model->family);
        return true;
    }
    sscanf(text, "%" SCNu32 "/%" SCNu32 ",%" SCNu32 "/%" SCNu32 "%n", &slot->size,
           &slot->erase_unit, &staging->size, &staging->erase_unit, &end);
    staging->offset = slot->size;
    if (strcmp(text + end, ",ab") == 0)
        map->other = *slot;
    return end && (!text[end] || map->other.size) && in_units(slot) && in_units(staging);
}

/* is_geometry(text) -> boolean: can it be told where regions are? */
int fota_tool_is_geometry(lua_State *L)
{
    struct fota_map map;

    luaL_checktype(L, 1, LUA_TSTRING);
    lua_pushboolean(L, fota_tool_map(lua_tostring(L, 1), &map));
    return 1;
}

/* plan(model or geometry, layout, payload length) -> {way, segment, spare} */
int fota_tool_plan(lua_State *L)
{
    static const char *const ways[] = {"into the other slot", "beside a copy of the old image",
                                       "over the old image", "in place"};
    struct fota_patch_layout layout = read_layout(L, 2);
    struct fota_diff_plan plan;
    struct fota_fault fault;
    struct fota_map map;

    luaL_argcheck(L, fota_tool_map(luaL_checkstring(L, 1), &map), 1, "no model and no geometry");
    if (fota_diff_plan(&map, layout.old_size, layout.new_size, fota_tool_check_u32(L, 3), &plan,
                       &fault))
        return fota_tool_fault_result(L, &fault);
    lua_createtable(L, 0, 3);
    fota_tool_set_text(L, "way", ways[plan.way]);
    fota_tool_set_number(L, "segment", plan.segment);
    fota_tool_set_number(L, "spare", plan.spare);
    return 1;
}

/* The 64 KiB pages outside of the image that words may point to, as addresses. */
static void push_ranges(lua_State *L, const struct patch_space *space)
{
    lua_newtable(L);
    for (unsigned i = 1; i < space->range_count; i++) {
        lua_createtable(L, 0, 2);
        fota_tool_set_number(L, "first", (int64_t)space->ranges[i].first << 16);
        fota_tool_set_number(
            L, "last", (((int64_t)space->ranges[i].first + space->ranges[i].count) << 16) - 1);
        lua_rawseti(L, -2, (int)i);
    }
    lua_setfield(L, -2, "ranges");
}

static void push_head(lua_State *L, const struct patch_head *head)
{
    fota_tool_set_text(L, "arch", fota_diff_arch_name(head->arch));
    fota_tool_set_flag(L, "fast", head->how == 0);
    if (head->arch == PATCH_ARCH_RAW)
        return;
    if (head->old_space.base != PATCH_NOWHERE) {
        fota_tool_set_number(L, "old_base", head->old_space.base);
        fota_tool_set_number(L, "new_base", head->new_space.base);
    }
    push_ranges(L, &head->old_space);
}

/*
 * explain(payload, layout, old or nil) -> {arch, fast, segments, undo, bases, ranges, parts}: what
 * the stream's head says, and with the old image, "" where there is none, what the stream holds.
 */
int fota_tool_explain(lua_State *L)
{
    size_t length, old_size = 0;
    const uint8_t *payload = check_bytes(L, 1, &length);
    const uint8_t *old = lua_isnoneornil(L, 3) ? NULL : check_bytes(L, 3, &old_size);
    struct fota_patch_layout layout = read_layout(L, 2);
    struct patch_head_reader r = {payload, payload + length, 0};
    struct fota_diff_stats stats;
    struct patch_head head;
    struct fota_fault fault;
    int err;

    luaL_argcheck(L, !old || old_size == layout.old_size, 3, "old_size bytes expected");
    layout.payload = (uint32_t)length;
    if (fota_patch_check(&layout, &fault))
        return fota_tool_fault_result(L, &fault);
    fota_patch_head_read(&r, &layout, &head);
    if (r.failed)
        return fota_tool_failure(L, FOTA_ERR_PATCH, "the payload's head is damaged");
    lua_createtable(L, 0, 8);
    push_head(L, &head);
    fota_tool_set_number(L, "segments", fota_patch_segments(&layout));
    fota_tool_set_number(L, "undo", head.length < length ? (int64_t)(length - head.length) : 0);
    if (!old)
        return 1;
    err = fota_diff_explain(old, payload, &layout, &stats);
    if (err)
        return fota_tool_failure(L, err, "the stream is damaged");
    push_stats(L, &stats);
    lua_setfield(L, -2, "parts");
    return 1;
}
