/* Where the person is who logs in, as far as anybody can tell. */
#ifndef JPKI_LIB_PLACE_H
#define JPKI_LIB_PLACE_H

enum place {
	PLACE_UNDECIDED,
	PLACE_LOCAL,		/* at this machine */
	PLACE_REMOTE,		/* somewhere else */
};

#define PLACE_COUNT 3

#endif
