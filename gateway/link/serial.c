/* SPDX-License-Identifier: Apache-2.0 */
#include "link/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>
#include <uv.h>

#include "link/baud.h"

/* Major numbers of Unix 98 pseudo-terminals, Documentation/admin-guide/devices.txt of the kernel. */
#define PTS_MAJOR_FIRST 136u
#define PTS_MAJOR_LAST  143u

static void explain(struct str *why, const char *path, int error)
{
	str_add(why, "%s: ", path);
	switch (error) {
	case EACCES:
	case EPERM:
		str_add(why, "permission denied: add the gateway's user to group dialout");
		break;
	case ENOENT:
	case ENXIO:
	case ENODEV:
		str_add(why, "there is no such port: is the device plugged in? (ls /dev/serial/by-id shows what is)");
		break;
	case EBUSY:
	case EWOULDBLOCK:
		str_add(why, "another program has it open: end that one (fuser %s shows which)", path);
		break;
	case ENOTTY:
	case EISDIR:
		str_add(why, "is no serial port, expected one such as /dev/ttyUSB0");
		break;
	default:
		str_add(why, "cannot be opened: %s", strerror(error));
	}
}

/* A pseudo-terminal keeps TIOCEXCL for as long as its other side lives: a device process that died could never be
 * followed by another. There the lock alone has to do. */
static bool keeps_exclusive_for_ever(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && major(st.st_rdev) >= PTS_MAJOR_FIRST && major(st.st_rdev) <= PTS_MAJOR_LAST;
}

/* The lock travels with the descriptor to the device process, and ends with its last copy. It comes before anything is
 * changed: somebody else's port must stay as it is. */
static int claim(int fd)
{
	if (!isatty(fd))
		return ENOTTY;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return errno;
	if (!keeps_exclusive_for_ever(fd) && ioctl(fd, TIOCEXCL) != 0)
		return errno;
	return 0;
}

static int make_raw(int fd, speed_t speed)
{
	struct termios t;
	if (tcgetattr(fd, &t) != 0)
		return errno;
	cfmakeraw(&t); /* 8 bits, no parity, no echo, no translation */
	t.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS);
	t.c_cflag |= CLOCAL | CREAD;
	t.c_cc[VMIN] = 1; /* with 0 a read of nothing would look like the end of the link */
	t.c_cc[VTIME] = 0;
	if (cfsetispeed(&t, speed) != 0 || cfsetospeed(&t, speed) != 0 || tcsetattr(fd, TCSANOW, &t) != 0)
		return errno;
	struct termios set; /* tcsetattr succeeds if it could do any of it */
	if (tcgetattr(fd, &set) != 0)
		return errno;
	if (cfgetospeed(&set) != speed || (set.c_cflag & CSIZE) != CS8 || (set.c_lflag & ICANON) != 0)
		return EINVAL;
	tcflush(fd, TCIFLUSH); /* what piled up before is of unknown age */
	return 0;
}

int serial_open(const char *path, uint32_t baud, int *fd, struct str *why)
{
	speed_t speed = B0;
	if (!baud_find(baud, &speed)) {
		str_add(why, "%s: %u is no baud rate, expected a usual one such as 9600", path, baud);
		return UV_EINVAL;
	}
	int opened = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int error = opened < 0 ? errno : claim(opened);
	if (error == 0)
		error = make_raw(opened, speed);
	if (error == 0) {
		*fd = opened;
		return 0;
	}
	if (opened >= 0)
		close(opened);
	if (error == EINVAL)
		str_add(why, "%s: does not take %u baud, 8N1: give a rate it has as ?baud=", path, baud);
	else
		explain(why, path, error);
	return uv_translate_sys_error(error);
}
