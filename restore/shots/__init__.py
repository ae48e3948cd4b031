"""Where one shot ends and the next begins: detectors, the list of shots as a file people edit, the contact sheet."""
