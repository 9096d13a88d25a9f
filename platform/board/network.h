/*
 * network.h - TCP/IP on a board: lwIP over board_nic_send() and board_nic_receive().
 */
#ifndef FOTA_BOARD_NETWORK_H
#define FOTA_BOARD_NETWORK_H

#include "fota_port.h"

/* Starts lwIP, asks for an address by DHCP, and fills in port->net and port->tls. */
void board_network_open(struct fota_port *port);

/* How many microseconds since the start it has slept because there was nothing to do. */
uint64_t board_network_idle_us(void);

#endif
