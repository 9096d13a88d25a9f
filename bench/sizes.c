/* Arrays whose sizes are the structures': read with nm from an object of the target's compiler. */
#include "boot.h"
#include "engine.h"

char size_engine[sizeof(struct fota)];
char size_http[sizeof(struct fota_http)];
char size_header[FOTA_HEADER_MAX + sizeof(struct fota_manifest)];
char size_page[sizeof(((struct fota *)0)->work)];
char size_rest[sizeof(struct fota) - sizeof(((struct fota *)0)->work)];
char size_boot[sizeof(struct fota_boot)];
