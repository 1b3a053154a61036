"""What is true in Hubbub: its rules and its queries, without HTTP and without HTML.

Every function takes `db` first and the person who acts where rights matter, returns frozen
dataclasses, and refuses with the words of `hubbub.errors`. Inside this floor imports point down:

    retention  administration
    guests  knocks  revocations
    invitation_links
    credentials  departures  exports
    sessions  events  unread
    history
    bans  first_run  heirs  direct  invitations  revisions  pins  held  reports
    moderation  roles  roll  strays  subjects
    messages  memberships  erasure  expiry  settings  directory  profiles  switcher  search
    pace  open_doors  uploads
    notifications
    mentions  reactions  attachments  acts  rights  subscriptions
    blocks
    changes
    rooms
    permissions  names  quotes  emails
    accounts
    log  contents  handles  presence  runs  limits  security  matching  drafts  inbox  site  tokens
    days
    clock
"""
