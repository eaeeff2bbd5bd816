namespace SignPlaylist.Playlists;

/// <summary>Walks the attributes of a tag (RFC 8216, section 4.2): <c>NAME=value</c>, separated by commas that are not inside a quoted string.</summary>
internal ref struct AttributeList(ReadOnlySpan<byte> list)
{
    private readonly ReadOnlySpan<byte> _list = list;
    private int _next;

    /// <summary>The current attribute's name.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>Where the current value stands in the list, without its quotes if it has them.</summary>
    public Range Value { get; private set; }

    /// <summary>Whether the current value is a quoted string.</summary>
    public bool IsQuoted { get; private set; }

    /// <summary>Goes on to the next attribute; false at the end, and where the list is no longer well-formed.</summary>
    public bool MoveNext()
    {
        while (_next < _list.Length && _list[_next] is (byte)',' or (byte)' ' or (byte)'\t')
            _next++;
        var equals = _list[_next..].IndexOf((byte)'=');
        if (equals <= 0)
            return false;
        Name = _list.Slice(_next, equals);
        var start = _next + equals + 1;
        IsQuoted = start < _list.Length && _list[start] == (byte)'"';
        if (IsQuoted)
            start++;
        var length = _list[start..].IndexOf(IsQuoted ? (byte)'"' : (byte)',');
        if (length < 0)
        {
            if (IsQuoted)
                return false;
            length = _list.Length - start;
        }
        Value = start..(start + length);
        _next = int.Min(start + length + 1, _list.Length);
        return true;
    }
}
