// The order desk's price as it should be: every item counts.
extern int handling_fee;

enum { CENTS_EACH = 250 };

long order_price(long quantity) { return quantity * CENTS_EACH + handling_fee; }
