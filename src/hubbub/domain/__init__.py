"""What is true in Hubbub: its rules and its queries, without HTTP and without HTML.

Every function takes `db` first and the person who acts where rights matter, returns frozen
dataclasses, and refuses with the words of `hubbub.errors`. Inside this floor imports point down:

    retention
    sessions  events  unread
    history
    revisions  pins
    messages  memberships  settings  directory  profiles  switcher  search
    mentions  reactions  uploads
    rooms
    permissions  names
    accounts
    handles  log  limits  presence  security  matching  drafts
    clock
"""
