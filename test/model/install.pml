/*
 * Journal and boot stage as a protocol, for spin: two banks, cells that may read as one thing or as
 * another after a cut, and an update with a copy of the old image. Up to CUTS power cuts, each at any
 * operation and with any effect; up to FAILS programs that do not hold with the power on.
 * test/model/check.sh runs it, and once more without each rule: those must fail.
 *
 * What is not modelled: bytes, addresses, the network. core/journal.c and core/boot*.c are the code;
 * the names of the rules are those of docs/flash-layout.md.
 */
#ifndef CUTS
#define CUTS 3
#endif
#ifndef FAILS
#define FAILS 0
#endif

/* Contents of a program unit. LOW: reads as blank or as torn, each time anew; HIGH: as torn or as
 * whole. Nothing reads as blank now and as whole then. */
#define BLANK 0
#define TORN  1
#define LOW   2
#define HIGH  3
#define WHOLE 4

/* What a record says, in the order of an update. */
#define IDLE       0
#define STAGED     1
#define BACKING    2
#define INSTALLING 3
#define TRIAL2     4
#define TRIAL1     5
#define TRIAL0     6
#define REVERTING  7
#define OLD_BACK   8
#define CONFIRMED  9

/* Images in slot and copy. */
#define HALF 0
#define OLD  1
#define NEW  2

byte snap[2], snap_value[2]; /* the snapshot; BLANK at first, so that the journal says IDLE */
byte seal[2];
byte snap2[2], seal2[2]; /* where one of the two did not hold: the next pair, of the same value */
byte last[2], last_value[2]; /* the newest record behind it; what lies before it is settled */
bit soft[2];                 /* erased by half: reads as blank, does not hold what is programmed */
bit newer;                   /* the bank of the higher sequence */

byte slot = OLD, copy = HALF;
byte cuts, fails;

bit owned;    /* this session erased the bank in use */
bit bank;     /* in use */
bit any;      /* some bank counts */
bit doubtful; /* nothing proves that the record that was read was finished */
byte now;     /* what the journal was read as, or told */
byte told;    /* the newest value that a write returned for */
bit changed;  /* flash was changed in this session before a record: R1, R5 */
bit noted;

/* ---- reading ------------------------------------------------------------------------------- */

bit reads;

inline look(cell)
{
    if
    :: cell == WHOLE || cell == HIGH -> reads = 1
    :: cell != WHOLE -> reads = 0
    fi
}

bit counts[2];
byte says[2];
bit unsure[2], open_seal[2];

inline look_at_pair(b, snap_cell, seal_cell)
{
    /* R1: a seal that is not blank proves that the snapshot had been finished. */
    if
    :: seal_cell == BLANK || seal_cell == LOW ->
#ifdef NO_SEAL
        reads = 1
#else
        reads = 0
#endif
    :: seal_cell != BLANK -> reads = 1
    fi;
    if
    :: reads ->
        /* Is the seal whole? */
        look(seal_cell);
        if
        :: reads -> open_seal[b] = 0
        :: else
        fi;
        if
        :: !counts[b] ->
            unsure[b] = !reads;
            look(snap_cell);
            if
            :: reads -> counts[b] = 1; says[b] = snap_value[b]
            :: else
            fi
        :: else
        fi
    :: else
    fi
}

inline look_at_bank(b)
{
    counts[b] = 0;
    unsure[b] = 0;
    open_seal[b] = 1;
#if FAILS
    look_at_pair(b, snap2[b], seal2[b]);
#endif
    look_at_pair(b, snap[b], seal[b]);
    if
    :: counts[b] ->
        look(last[b]);
        if
        :: reads -> says[b] = last_value[b]; unsure[b] = 1
        :: else
        fi
    :: else
    fi
}

inline read_journal()
{
    d_step { owned = 0; noted = 0; }
    look_at_bank(0);
    look_at_bank(1);
    any = counts[0] || counts[1];
    if
    :: counts[0] && counts[1] -> bank = newer /* R3 */
    :: counts[0] && !counts[1] -> bank = 0
    :: !counts[0] && counts[1] -> bank = 1
    :: else -> bank = 1 /* so that the first record goes to bank 0 */
    fi;
    if
    :: any -> now = says[bank]; doubtful = unsure[bank]
    :: else -> now = IDLE; doubtful = 0
    fi;
    /* What a write returned for is never gone. A start may see more: a record that was not finished. */
    assert(now >= told)
}

/* ---- writing ------------------------------------------------------------------------------- */

/* A cut in a program leaves nothing, a part, all of it, or what reads now this way and now that. */
inline cut_program(cell)
{
    cuts++;
    if
    :: true
    :: cell = TORN
    :: cell = LOW
    :: cell = HIGH
    :: cell = WHOLE
    fi;
    goto power_lost
}

bit held; /* what was programmed last, by the look that is taken at it */

inline program(cell, b)
{
    held = 1;
    if
    :: cuts < CUTS -> cut_program(cell)
    :: cell = (soft[b] -> HIGH : WHOLE)
#if FAILS
    :: fails < FAILS ->
        fails++;
        held = 0;
        if
        :: true
        :: cell = TORN
        :: cell = LOW
        :: cell = HIGH
        :: cell = WHOLE
        fi
#endif
    fi
}

/* An erase acts on all units at once: cut, it has not begun, or leaves none of them whole. */
inline fade(cell)
{
    if
    :: cell = TORN
    :: cell = LOW
    :: cell = BLANK
    fi
}

inline fade_if_used(cell)
{
    if
    :: cell != BLANK -> fade(cell)
    :: else
    fi
}

inline erase_bank(b)
{
    if
    :: cuts < CUTS -> cuts++; goto power_lost
    :: cuts < CUTS ->
        cuts++;
        fade(snap[b]);
        fade(seal[b]);
#if FAILS
        fade_if_used(snap2[b]);
        fade_if_used(seal2[b]);
#endif
        fade(last[b]);
        soft[b] = 1;
        goto power_lost
    :: d_step {
        snap[b] = BLANK;
        seal[b] = BLANK;
        snap2[b] = BLANK;
        seal2[b] = BLANK;
        last[b] = BLANK;
        soft[b] = 0;
    }
    fi
}

bit to;

inline move_to_other_bank(value)
{
#ifdef NO_R6
    to = (any -> bank : 0);
#else
#ifdef NO_WHOLE_SEAL
    to = (any -> 1 - bank : 0);
#else
    /* A bank whose seal is not whole may not count the next time; where the other one does, it is
     * certain. */
    to = (any -> (open_seal[bank] && counts[1 - bank] -> bank : 1 - bank) : 0);
#endif
#endif
#ifdef NO_R4
    if
    :: snap[to] == BLANK && seal[to] == BLANK && last[to] == BLANK
    :: else -> erase_bank(to)
    fi;
#else
    erase_bank(to);
#endif
    d_step { snap_value[to] = value; newer = to; }
    program(snap[to], to);
    if
    :: held -> program(seal[to], to)
    :: else
    fi;
#ifndef NO_SECOND_PAIR
    if
    :: held
    :: else -> program(snap2[to], to); program(seal2[to], to)
    fi;
#endif
    d_step { bank = to; any = 1; owned = 1; open_seal[to] = 0; }
}

inline append(value)
{
    /* A record behind it settles the one before: this was seen to be whole by this session. */
    d_step {
        if
        :: last[bank] == WHOLE -> snap_value[bank] = last_value[bank]
        :: else
        fi;
        last[bank] = BLANK;
        last_value[bank] = value;
    }
    program(last[bank], bank)
}

inline note(value)
{
#ifdef NO_R2
    if
    :: any -> append(value)
    :: else -> move_to_other_bank(value)
    fi;
#else
    if
    :: owned ->
        append(value);
        /* Nothing goes behind a record that may be torn. */
        if
        :: held
        :: else -> move_to_other_bank(value)
        fi
    :: owned -> move_to_other_bank(value) /* the bank is full */
    :: else -> move_to_other_bank(value)
    fi;
#endif
    d_step { assert(value >= told); told = value; now = value; doubtful = 0; noted = 1; }
}

/* Many operations on one image; each may be the last. R1, R5: a record of this session comes first. */
inline write_image(where, image)
{
    assert(noted);
    where = HALF;
    if
    :: cuts < CUTS -> cuts++; goto power_lost
    :: where = image
    fi
}

/* ---- the modem ----------------------------------------------------------------------------- */

inline install()
{
    write_image(slot, NEW);
    note(TRIAL2)
}

inline back_up_and_install()
{
#ifdef NO_INTENT
    if
    :: now == STAGED -> note(BACKING)
    :: else -> noted = 1 /* what an earlier session wrote is taken to be good */
    fi;
#else
    note(BACKING);
#endif
    write_image(copy, OLD);
    note(INSTALLING);
    install()
}

inline revert()
{
    note(REVERTING);
    assert(copy == OLD);
    write_image(slot, OLD);
    note(OLD_BACK)
}

active proctype modem()
{
start:
    read_journal();
    if
    :: now == STAGED || now == BACKING -> back_up_and_install()
    :: now == INSTALLING -> note(INSTALLING); install()
    :: now == REVERTING || now == TRIAL0 -> revert()
    :: else
    fi;

    /* The boot stage starts what it has verified. */
    assert(slot != HALF);
    if
    :: now == TRIAL2 || now == TRIAL1 ->
        assert(slot == NEW);
#ifdef NO_TRIES
        ;
#else
        note(now + 1); /* lowered before the attempt */
#endif
        if
        :: note(CONFIRMED)
        :: true /* it says nothing, and is reset */
        fi
    :: now == IDLE -> assert(slot == OLD); note(STAGED)
    :: now == OLD_BACK || now == CONFIRMED ->
        assert((now == OLD_BACK && slot == OLD) || (now == CONFIRMED && slot == NEW));
#ifndef NO_SETTLE
        if
        :: doubtful -> note(now)
        :: else
        fi;
#endif
        /* The application is told how it ended, and that stays so. Not where a seal was read as whole
         * that later is not: then a third cut, in the erase that settles it, gives one more trial. */
        if
        :: seal[bank] == HIGH && !noted
        :: else -> told = now
        fi;
        if
        :: cuts < CUTS -> cuts++; goto power_lost
        :: goto end_done
        fi
    fi;
    goto start;

power_lost:
    goto start;

end_done:
    skip
}

#if defined(ENDS) || defined(NO_TRIES)
/* A new image that never confirms does not run for ever. */
ltl ends { <> (now == OLD_BACK || now == CONFIRMED) }
#endif
