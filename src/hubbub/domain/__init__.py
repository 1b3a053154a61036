"""What is true in Hubbub: its rules and its queries, without HTTP and without HTML.

Every function takes `db` first and the person who acts where rights matter, returns frozen
dataclasses, and refuses with the words of `hubbub.errors`. Inside this floor imports point down:

    limits  presence  security
    events
    messages  sessions
    memberships
    rooms
    accounts  handles  log  permissions
    clock
"""
