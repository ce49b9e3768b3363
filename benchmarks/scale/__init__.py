"""How far it goes on one machine: more workers, more jobs waiting, more calls at once."""
