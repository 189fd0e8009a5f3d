"""What besides clicked pairs tells of a camera: boards, tags, lines, posts, data sheets, a plan's scale."""
