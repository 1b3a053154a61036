"""What those who run the site see of it, and what they do for it as a whole.

A private room stays private here too: its title and numbers are shown, nothing that was said in
it. The one way in is `entrance`, and whoever takes it says so in the room.
"""
