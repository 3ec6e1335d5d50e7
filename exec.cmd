@rem `npm start` says "exec", which leaves no shell between npm and the broker for a signal to end
@rem instead of it. Windows has neither the signals nor an exec: this one just runs the command.
@%*
