/* Lists the models, and what the engine needs of memory. */
#include <stdio.h>

#include <fota.h>

int main(void)
{
    const struct fota_model *model;
    struct fota_memory memory;

    for (size_t i = 0; (model = fota_model_at(i)) != NULL; i++)
        printf("%-10s %-10s %s\n", model->name, fota_family_name(model->family), model->chip);
    fota_memory(&memory);
    printf("the engine needs %zu bytes, the boot stage %zu\n", memory.engine, memory.boot);
    return 0;
}
