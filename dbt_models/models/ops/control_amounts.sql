{{ control_amounts() }}
