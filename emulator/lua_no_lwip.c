/* Instead of lua_lwip.c where lwIP is not built. */
#include "emulator/lua_sim.h"

void sim_lwip(lua_State *L)
{
    (void)L;
}

void sim_drop_lwip(struct sim *sim)
{
    (void)sim;
}
