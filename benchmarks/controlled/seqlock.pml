/*
 * The seqlock of seqlock.ts for SPIN: a step is an access to shared memory, as it is there under sc.
 * What a try leaves behind is cleared, so that states differ only where what may follow does.
 *
 * -DUPDATES=n -DREADERS=n; -DBROKEN for readers that do not look at the version again.
 */

byte version;
byte first;
byte second;

active proctype writer() {
  byte update = 1;

again:
  version = 2 * update - 1;
  first = update;
  second = update;
  atomic {
    version = 2 * update;
    update++;
    if
    :: update <= UPDATES -> goto again
    :: else
    fi
  }
}

active [READERS] proctype reader() {
  byte before;
  byte one;
  byte two;

again:
  atomic {
    before = version;
    if
    :: before % 2 == 1 -> before = 0; goto again
    :: else
    fi
  }
  one = first;
  two = second;
#ifdef BROKEN
  assert(one == two)
#else
  atomic {
    if
    :: version == before -> assert(one == two)
    :: else -> before = 0; one = 0; two = 0; goto again
    fi
  }
#endif
}
